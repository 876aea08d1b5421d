"""(candidate, ids of must_pass cases) -> CheckResult: not one of them may fail."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pytest_ftgate.gate.checks.result import CheckResult, Results

_SHOWN = 10


def must_pass_check(candidate: Results, must_pass: Collection[str]) -> CheckResult:
    """Pass if every listed case passed, reject if one failed, else hold: one that was not measured shows neither."""
    measured = [case_id for case_id in must_pass if case_id in candidate and candidate[case_id].measured]
    failed = [case_id for case_id in measured if not candidate[case_id].passed]
    missing = [case_id for case_id in must_pass if case_id not in set(measured)]
    numbers = {"n": float(len(must_pass)), "failed": float(len(failed)), "unmeasured": float(len(missing))}
    if not must_pass:
        return CheckResult("must-pass", "pass", numbers, "must-pass: no cases marked must_pass")
    if not (failed or missing):
        return CheckResult("must-pass", "pass", numbers, f"must-pass: all {len(must_pass)} passed")
    found = [_listed("failed", failed, len(must_pass)), _listed("not measured", missing, len(must_pass))]
    reason = "must-pass: " + "; ".join(filter(None, found))
    return CheckResult("must-pass", "reject" if failed else "hold", numbers, reason)


def _listed(what: str, case_ids: Sequence[str], total: int) -> str:
    if not case_ids:
        return ""
    rest = f" and {len(case_ids) - _SHOWN} more" if len(case_ids) > _SHOWN else ""
    return f"{len(case_ids)} of {total} {what}: {', '.join(case_ids[:_SHOWN])}{rest}"
