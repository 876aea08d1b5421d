"""(candidate, ids of must_pass cases) -> CheckResult: not one of them may fail."""

from __future__ import annotations

from collections.abc import Collection

from pytest_ftgate.gate.checks.result import CheckResult, Results

_SHOWN = 10


def must_pass_check(candidate: Results, must_pass: Collection[str]) -> CheckResult:
    """Pass if every listed case passed, else reject; an unmeasured one counts against the candidate."""
    failed = [case_id for case_id in must_pass if case_id not in candidate or not candidate[case_id].passed]
    numbers = {"n": float(len(must_pass)), "failed": float(len(failed))}
    if not must_pass:
        return CheckResult("must-pass", "pass", numbers, "must-pass: no cases marked must_pass")
    if not failed:
        return CheckResult("must-pass", "pass", numbers, f"must-pass: all {len(must_pass)} passed")
    shown = ", ".join(_named(case_id, candidate) for case_id in failed[:_SHOWN])
    rest = f" and {len(failed) - _SHOWN} more" if len(failed) > _SHOWN else ""
    return CheckResult(
        "must-pass", "reject", numbers, f"must-pass: {len(failed)} of {len(must_pass)} failed: {shown}{rest}"
    )


def _named(case_id: str, candidate: Results) -> str:
    measured = case_id in candidate and candidate[case_id].measured
    return case_id if measured else f"{case_id} (not measured)"
