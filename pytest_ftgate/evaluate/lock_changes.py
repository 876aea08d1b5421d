"""Suite -> Accepted: what a golden.lock holds a golden set to; (Accepted, Accepted) -> what differs, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pytest_ftgate.evaluate.suite import Suite, settings_of
from pytest_ftgate.files.digest import digest_of
from pytest_ftgate.gate.floor import Floor
from pytest_ftgate.golden.case import Case
from pytest_ftgate.golden.spec import Golden

NAMED = 10
"""Cases that are named; of more, the number is told."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What of a golden set was accepted.

    golden: name of the set. digest: of the suite. delta: margin of the champion check, a share (0.03 = 3 points).
    settings: "prompt", "request", "graders", "label" -> digest. code: module of a python grader -> digest.
    gate: what the gate requires, by name: floors, prices, [judge], [human]. cases: id -> digest.
    """

    golden: str
    digest: str
    delta: float
    settings: Mapping[str, str]
    code: Mapping[str, str]
    gate: Mapping[str, Any]
    cases: Mapping[str, str]


def accepted_of(suite: Suite, delta: float) -> Accepted:
    """The suite as it is now. delta: margin, a share between 0 and 1."""
    settings = settings_of(suite.golden, suite.prompt, {})
    return Accepted(
        golden=suite.name,
        digest=suite.digest,
        delta=delta,
        settings={name: digest_of(value)[:16] for name, value in settings.items()},
        code={module: file.digest for module, file in suite.code.items()},
        gate=dict(_gate(suite.golden)),
        cases={case.id: _case_digest(case) for case in suite.cases},
    )


def _case_digest(case: Case) -> str:
    """16 hex digits of all that the gate sees of a case: more than `Case.digest`, which only tells what is asked."""
    return digest_of([case.digest, case.must_pass, case.cluster, dict(case.slices)])[:16]


def _gate(golden: Golden) -> Iterator[tuple[str, Any]]:
    """(name, value) of everything in the settings of a set that may loosen its gate."""
    if golden.gate is not None:
        yield "gate", "required"
        for floor in golden.gate.floors:
            yield from _floor(floor)
    for key, value in (asdict(golden.price) if golden.price else {}).items():
        yield f"price {key}", value
    if golden.judge is not None:
        yield "judge", golden.judge.digest[:16]
        yield "judge compare", golden.judge.compare
    if golden.human is not None:
        yield "human verdicts", golden.human.verdicts


def _floor(floor: Floor) -> Iterator[tuple[str, Any]]:
    of = ", ".join(text for text in (floor.positive, floor.average) if text)
    name = f"floor {floor.metric}{f' ({of})' if of else ''}"
    for key, value in (("min", floor.min), ("max", floor.max)):
        if value is not None:
            yield f"{name} {key}", value


def changes(old: Accepted, new: Accepted) -> list[str]:
    """What an acceptance changes, in words: "3 cases changed: a, b, c", "delta 0.02 -> 0.05"; [] if nothing."""
    found = [f"{count(names)} {sort}: {listed(names)}" for sort, names in case_changes(new.cases, old.cases)]
    found += [f"{name} changed" for name in differing(new.settings, old.settings)]
    found += [f"code of graders changed: {module}" for module in differing(new.code, old.code)]
    found += gate_changes(new.gate, old.gate)
    found += [f"delta {old.delta:g} -> {new.delta:g}"] if old.delta != new.delta else []
    found += [f"name {old.golden} -> {new.golden}"] if old.golden != new.golden else []
    return found or (["digest changed"] if old != new else [])


def case_changes(now: Mapping[str, str], old: Mapping[str, str]) -> Iterator[tuple[str, list[str]]]:
    """("changed" | "renamed" | "added" | "removed", ids as they are now) of each sort of difference that there is."""
    gone = {old[name]: name for name in old if name not in now}
    new = [name for name in now if name not in old]
    renamed = [name for name in new if now[name] in gone]
    kept = {gone[now[name]] for name in renamed}
    sorts = {
        "changed": [name for name in now if name in old and now[name] != old[name]],
        "renamed": renamed,
        "added": [name for name in new if now[name] not in gone],
        "removed": [name for name in old if name not in now and name not in kept],
    }
    yield from ((sort, names) for sort, names in sorts.items() if names)


def differing(now: Mapping[str, Any], old: Mapping[str, Any]) -> list[str]:
    """Names whose value is not the same, or there in one only; those of `now` first."""
    return [name for name in dict.fromkeys([*now, *old]) if now.get(name) != old.get(name)]


def gate_changes(now: Mapping[str, Any], old: Mapping[str, Any]) -> list[str]:
    """What the gate requires otherwise: "floor accuracy min 0.8 -> 0.7"; "none" where it requires nothing."""
    return [f"{name} {_told(old.get(name))} -> {_told(now.get(name))}" for name in differing(now, old)]


def _told(value: Any) -> str:
    return "none" if value in (None, "") else f"{value:g}" if isinstance(value, float) else str(value)


def count(names: Sequence[str]) -> str:
    """1 case, or 1,500 cases."""
    return "1 case" if len(names) == 1 else f"{len(names):,} cases"


def listed(names: Sequence[str], lines: Mapping[str, int] | None = None) -> str:
    """The first ten ids, with their lines where they are known, and how many more there are."""
    known = lines or {}
    named = [f"{name} (line {known[name]})" if name in known else name for name in names[:NAMED]]
    more = [f"and {len(names) - NAMED:,} more"] if len(names) > NAMED else []
    return ", ".join(named + more)
