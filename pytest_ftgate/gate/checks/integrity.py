"""(results of every model, golden digests, leaks) -> CheckResult: can this comparison be trusted at all?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pytest_ftgate.gate.checks.result import CheckResult, Results, Status

LEAST_MEASURED = 0.95

_SHOWN = 3


def integrity_check(  # noqa: PLR0913 - all that makes a comparison worthless
    results: Mapping[str, Results],
    golden_digests: Mapping[str, str],
    leaks: Sequence[str] = (),
    *,
    dropped: int = 0,
    faults: Sequence[str] = (),
    notes: Sequence[str] = (),
) -> CheckResult:
    """Pass if all models saw one golden set, nothing leaked, and at least 95 % of each model's cases were measured.

    results: by model ("candidate", "base", "champion"). golden_digests: of the golden set each was measured on in this
    run; leave out a model whose frozen results of an older set are compared on the shared cases. leaks: one text for
    each found leak. Any of these faults is "integrity".
    dropped: leaked cases that are left out of the results of every model: named, and not unmeasured.
    faults: whatever else makes the numbers worthless; "integrity" too. notes: what the verdict must say even if all is
    well, such as answers that this run did not ask for.
    """
    measured = {model: _measured(of_model) for model, of_model in results.items()}
    found = [*_mismatch(golden_digests), *_leaked(leaks), *_unmeasured(results, measured), *faults]
    asked = len(results.get("candidate", {}))
    lowest = min(measured.values(), default=0.0)
    numbers = {"measured": lowest, "leaks": float(len(leaks)), "n": float(asked)}
    numbers |= {"dropped": float(dropped)} if dropped else {}
    status: Status = "integrity" if found else "pass"
    kept = f"no leaks in {asked} cases, {dropped} leaked cases excluded for all models" if dropped else "no leaks"
    clean = f"one golden set, {kept}, {100 * lowest:.3g} % of cases measured"
    reason = "integrity: " + "; ".join([*(found or [clean]), *notes])
    return CheckResult("integrity", status, numbers, reason, note="; ".join(notes))


def _measured(results: Results) -> float:
    return sum(result.measured for result in results.values()) / len(results) if results else 0.0


def _mismatch(digests: Mapping[str, str]) -> list[str]:
    if len(set(digests.values())) < 2:
        return []
    found = ", ".join(f"{model} on {digest[:12]}" for model, digest in digests.items())
    return [f"models were measured on different golden sets: {found}; measure again"]


def _leaked(leaks: Sequence[str]) -> list[str]:
    if not leaks:
        return []
    rest = f" and {len(leaks) - _SHOWN} more" if len(leaks) > _SHOWN else ""
    return [f"{len(leaks)} leak{'' if len(leaks) == 1 else 's'}: " + ", ".join(leaks[:_SHOWN]) + rest]


def _unmeasured(results: Mapping[str, Results], measured: Mapping[str, float]) -> list[str]:
    return [
        f"{model}: {sum(not result.measured for result in of_model.values())} of {len(of_model)} cases unmeasured, "
        "at most 5 % allowed"
        for model, of_model in results.items()
        if measured[model] < LEAST_MEASURED
    ]
