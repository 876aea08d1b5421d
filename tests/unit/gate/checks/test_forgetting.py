"""The forgetting check: general skills may fall by max_drop against the base model, and no more."""

import pytest

from pytest_ftgate.gate.checks.forgetting import forgetting_check
from pytest_ftgate.gate.verdict import Kind, decide
from tests.unit.gate.checks.paired_results import UNMEASURED, graded, two_models


@pytest.mark.parametrize(
    ("b", "c", "n", "status"),
    [
        (0, 0, 300, "pass"),
        (10, 25, 300, "pass"),  # -5 points, surely less than 10
        (10, 34, 300, "hold"),  # -8 points, perhaps 10
        (10, 58, 300, "reject"),  # -16 points
        (0, 0, 20, "hold"),
    ],
)
def test_pass_hold_and_reject(b, c, n, status):
    check = forgetting_check(*two_models(b, c, both=n - b - c))
    assert check.status == status, check.reason
    assert not check.advisory


def test_a_drop_within_the_margin_names_the_cases_that_would_show_it():
    check = forgetting_check(*two_models(10, 34, both=256))
    assert check.cases_more > 100
    assert "lower bound -11." in check.reason
    assert "more cases would settle it" in check.reason


def test_max_drop_is_its_own_margin():
    models = two_models(10, 34, both=256)
    assert forgetting_check(*models, max_drop=0.2).status == "pass"
    assert forgetting_check(*models, max_drop=0.03).status == "reject"


def test_unmeasured_cases_count_as_forgotten():
    candidate, base = two_models(0, 0, both=300)
    lost = candidate | {f"c{i}": UNMEASURED for i in range(60)}
    assert forgetting_check(lost, base).status == "reject"


def test_graded_answers():
    base = graded(*[0.8, 0.9, 1.0, 0.7] * 30)
    candidate = graded(*[0.7, 0.6, 0.9, 0.2] * 30)
    assert forgetting_check(candidate, base, max_drop=0.4).status == "pass"
    assert forgetting_check(candidate, base, max_drop=0.1).status == "reject"


def test_an_advisory_check_is_shown_and_decides_nothing():
    worse = two_models(10, 58, both=232)
    from pytest_ftgate.gate.verdict import CheckResult

    good = [CheckResult("integrity", "pass"), CheckResult("baseline", "pass"), CheckResult("floors", "pass")]
    verdict = decide([*good, forgetting_check(*worse, required=False)])
    assert verdict.kind == Kind.PROMOTE
    assert verdict.reason == "all 3 checks pass; advisory and not met: forgetting (reject)"
    assert verdict.checks[-1].status == "reject"
    assert decide([*good, forgetting_check(*worse)]).kind == Kind.REJECT
