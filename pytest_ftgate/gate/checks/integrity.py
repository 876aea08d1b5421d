"""(results of every model, golden digests, leaks) -> CheckResult: can this comparison be trusted at all?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pytest_ftgate.gate.checks.result import CheckResult, Results, Status

LEAST_MEASURED = 0.95
TIMED_OUT = 0.05

_SHOWN = 3


def integrity_check(
    results: Mapping[str, Results],
    golden_digests: Mapping[str, str],
    leaks: Sequence[str] = (),
    timed_out: int = 0,
    *,
    dropped: int = 0,
) -> CheckResult:
    """Pass if all models saw one golden set, nothing leaked, and at least 95 % of each model's cases were measured.

    results: by model ("candidate", "base", "champion"). golden_digests: of the golden set each was measured on in this
    run; leave out a model whose frozen results of an older set are compared on the shared cases. leaks: one text for
    each found leak. Any of these faults is "integrity".
    timed_out: cases on which the candidate ran out of time; wrong answers, but from 5 % of the cases on the check is a
    hold: grades do not say how a model does that was not given the time to answer.
    dropped: leaked cases that are left out of the results of every model: named, and not unmeasured.
    """
    measured = {model: _measured(of_model) for model, of_model in results.items()}
    faults = [*_mismatch(golden_digests), *_leaked(leaks), *_unmeasured(results, measured)]
    asked = len(results.get("candidate", {}))
    late = asked > 0 and timed_out / asked >= TIMED_OUT
    lowest = min(measured.values(), default=0.0)
    numbers = {"measured": lowest, "leaks": float(len(leaks)), "timed_out": float(timed_out), "n": float(asked)}
    numbers |= {"dropped": float(dropped)} if dropped else {}
    slow = [f"candidate timed out on {timed_out} of {asked} cases, less than 5 % allowed"] if late else []
    status: Status = "integrity" if faults else "hold" if slow else "pass"
    kept = f"no leaks in {asked} cases, {dropped} leaked cases excluded for all models" if dropped else "no leaks"
    clean = f"one golden set, {kept}, {100 * lowest:.3g} % of cases measured"
    return CheckResult("integrity", status, numbers, "integrity: " + ("; ".join([*faults, *slow]) or clean))


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
