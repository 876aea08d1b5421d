"""(candidate, champion or base, slices) -> CheckResult: no group of cases may have become significantly worse."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Protocol

from pytest_ftgate.errors import MetricError
from pytest_ftgate.gate.checks.paired import Clusters, Pairs, pair
from pytest_ftgate.gate.checks.result import CheckResult, Results, points
from pytest_ftgate.metrics.holm import holm
from pytest_ftgate.metrics.intervals import ALPHA

LEAST_CASES = 25
"""Of a slice that decides; smaller ones are shown."""

_SHOWN = 3
_ADJUSTED = " p_holm"


class Sliced(Protocol):
    """A case, as far as this check looks."""

    @property
    def id(self) -> str:
        """Unique in its golden set."""

    @property
    def slices(self) -> Mapping[str, str]:
        """Name -> value, {"lang": "en"}."""


def slices_of(cases: Iterable[Sliced]) -> dict[str, list[str]]:
    """Ids of the cases of each slice, "lang=en"; a slice that holds every case says nothing and is left out."""
    found: dict[str, list[str]] = {}
    total = 0
    for case in cases:
        total += 1
        for name, value in case.slices.items():
            found.setdefault(f"{name}={value}", []).append(case.id)
    return {name: ids for name, ids in found.items() if len(ids) < total}


def slices_check(
    candidate: Results,
    reference: Results,
    slices: Mapping[str, Collection[str]],
    clusters: Clusters | None = None,
    against: str = "the champion",
) -> CheckResult:
    """Reject if any slice of >= 25 cases is significantly worse, else pass.

    One-sided McNemar mid-p for 0/1 grades, else a test by sign flips; Holm over the slices, so that of all releases
    whose slices are unchanged at most 5 % are rejected. Smaller slices are listed and decide nothing.
    slices: name -> ids of its cases. against: how the reference is called.
    """
    found = dict(_pairs(candidate, reference, slices, clusters))
    tested = {name: pairs for name, pairs in found.items() if pairs.n >= LEAST_CASES}
    small = {name: pairs for name, pairs in found.items() if pairs.n < LEAST_CASES}
    adjusted = dict(zip(tested, holm([pairs.p_worse for pairs in tested.values()]), strict=True))
    broken = sorted((name for name, p in adjusted.items() if p <= ALPHA), key=adjusted.__getitem__)
    numbers = {"tested": float(len(tested)), "broken": float(len(broken))}
    for name, pairs in found.items():
        numbers |= _numbers(name, pairs, adjusted.get(name))
    texts = [
        _broken(broken, tested, adjusted, against) if broken else _sound(tested, adjusted, against),
        *_advice(small),
    ]
    return CheckResult("slices", "reject" if broken else "pass", numbers, f"slices: {'; '.join(texts)}")


def broken_slices(check: CheckResult) -> list[str]:
    """Names of the slices for which a `slices_check` rejects, the clearest first."""
    adjusted = {key.removesuffix(_ADJUSTED): p for key, p in check.numbers.items() if key.endswith(_ADJUSTED)}
    return sorted((name for name, p in adjusted.items() if p <= ALPHA), key=adjusted.__getitem__)


def _pairs(
    candidate: Results, reference: Results, slices: Mapping[str, Collection[str]], clusters: Clusters | None
) -> Iterator[tuple[str, Pairs]]:
    for name, ids in slices.items():
        part = {case_id: candidate[case_id] for case_id in ids if case_id in candidate}
        try:
            yield name, pair(part, reference, clusters)
        except MetricError:
            continue  # frozen results of an older set that had no case of this slice


def _numbers(name: str, pairs: Pairs, adjusted: float | None) -> dict[str, float]:
    found = {f"{name} gain": pairs.gain, f"{name} n": float(pairs.n), f"{name} p": pairs.p_worse}
    return found if adjusted is None else found | {f"{name}{_ADJUSTED}": adjusted}


def _broken(names: list[str], tested: Mapping[str, Pairs], adjusted: Mapping[str, float], against: str) -> str:
    told = (
        f"{name} {points(tested[name].gain)} points, Holm p = {adjusted[name]:.2g} {tested[name]}" for name in names
    )
    return f"significantly worse than {against} in {len(names)} of {len(tested)}: {', '.join(told)}"


def _sound(tested: Mapping[str, Pairs], adjusted: Mapping[str, float], against: str) -> str:
    if not tested:
        return f"not tested, no slice has {LEAST_CASES} cases"
    nearest = min(tested, key=lambda name: tested[name].p_worse)
    closest = f"closest {nearest} {points(tested[nearest].gain)} points, Holm p = {adjusted[nearest]:.2g}"
    return f"none of {len(tested)} significantly worse than {against}; {closest}"


def _advice(small: Mapping[str, Pairs]) -> list[str]:
    """Slices too small to decide that went down, the worst first."""
    down = sorted((pairs.gain, name) for name, pairs in small.items() if pairs.gain < 0)
    if not down:
        return []
    told = [f"{name} {points(gain)} points (n = {small[name].n})" for gain, name in down[:_SHOWN]]
    rest = [f"and {len(down) - _SHOWN} more"] if len(down) > _SHOWN else []
    return [f"too small to decide: {', '.join([*told, *rest])}"]
