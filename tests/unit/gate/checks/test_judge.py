"""The judge's check: debiased, and advisory until the judge has earned its vote."""

import numpy as np
import pytest

from pytest_ftgate.gate.checks.admission import Admission
from pytest_ftgate.gate.checks.judge import judge_check, preference_check, unscored_check
from pytest_ftgate.gate.verdict import CheckResult, Kind, decide
from pytest_ftgate.metrics.ppi import Debiased, debias

VOTES = Admission(True, ())
REFUSED = Admission(False, ("40 human labels, at least 100 required", "5 human labels are 'no'"))


def found(mean, error=0.02, labelled=100, judged=200):
    return Debiased(mean, error, weight=0.8, labelled=labelled, judged=judged, varied=30)


@pytest.mark.parametrize(
    ("mean", "status", "told"),
    [
        (0.02, "pass", "judge: +2.0 points, lower bound -1.4 > -5.0 (n = 300, 100 with human verdicts;"),
        (-0.01, "pass", "lower bound -4.4 > -5.0"),
        (-0.03, "hold", "more cases would settle it"),
        (-0.06, "hold", "more cases would not promote it"),
        (-0.09, "reject", "upper bound -5.6 <= -5.0"),
    ],
)
def test_pass_hold_and_reject(mean, status, told):
    check = judge_check(found(mean), VOTES, 0.05)
    assert (check.status, check.advisory) == (status, False)
    assert told in check.reason
    assert (check.cases_more is not None) == ("would settle it" in check.reason)


def test_the_numbers_are_those_of_the_estimate():
    check = judge_check(found(0.02), VOTES, 0.05)
    assert (check.numbers["lower"], check.numbers["upper"]) == found(0.02).bounds
    assert check.numbers | {"lower": 0, "upper": 0} == {
        "gain": 0.02, "lower": 0, "upper": 0, "alpha": 0.05, "margin": 0.05, "weight": 0.8, "labelled": 100, "n": 300,
    }  # fmt: skip


def test_a_later_candidate_of_the_round_is_held_to_a_stricter_bound():
    assert judge_check(found(-0.016), VOTES, 0.05).status == "pass"
    check = judge_check(found(-0.016), VOTES, 0.05, tried=3)
    assert check.status == "hold"
    assert "3rd candidate of this round" in check.reason
    assert check.numbers["alpha"] == pytest.approx(0.05 / 3)


def test_a_judge_that_is_not_admitted_decides_nothing_and_says_why():
    good = [CheckResult("integrity", "pass"), CheckResult("baseline", "pass"), CheckResult("floors", "pass")]
    check = judge_check(found(-0.2), REFUSED, 0.05)
    assert (check.status, check.advisory) == ("reject", True)
    assert check.reason.endswith(
        "advisory, judge not admitted: 40 human labels, at least 100 required; 5 human labels are 'no'"
    )
    assert decide([*good, check]).kind == Kind.PROMOTE
    assert decide([*good, judge_check(found(-0.2), VOTES, 0.05)]).kind == Kind.REJECT


def test_a_judge_that_likes_the_candidates_failures_does_not_carry_a_worse_one_through():
    """People lose 15 points on the labelled cases, the judge sees a gain on all."""
    rng = np.random.default_rng(5)
    human = rng.permutation([-1.0] * 30 + [0.0] * 112 + [1.0] * 8).tolist()
    judge = rng.choice([-1.0, 0.0, 1.0], 600, p=[0.05, 0.75, 0.20]).tolist()
    check = judge_check(debias(human, judge[:150], judge[150:]), VOTES, 0.05)
    assert np.mean(judge) > 0.1
    assert check.status == "reject", check.reason


@pytest.mark.parametrize("delta", [0, 1, 5])
def test_delta_is_a_share(delta):
    with pytest.raises(ValueError, match="delta is a share"):
        judge_check(found(0), VOTES, delta)


def test_the_check_is_debiased_by_the_cases_that_people_judged_too():
    judge = {f"c{i}": (1.0, 0.0, -1.0, 0.0)[i % 4] for i in range(200)}
    human = {f"c{i}": (1, 0, -1, 0)[i % 4] for i in range(0, 200, 3)}
    check = preference_check(judge, human | {"gone": 1}, VOTES, 0.05)
    assert (check.numbers["labelled"], check.numbers["n"], check.advisory) == (67, 200, False)
    assert check.numbers["weight"] > 0.6
    assert preference_check(judge, human, REFUSED, 0.05).advisory


@pytest.mark.parametrize("human", [{}, {"c1": 1, "c2": 0}])
def test_a_judge_that_nobody_checked_on_these_pairs_decides_nothing(human):
    check = preference_check({f"c{i}": 1.0 for i in range(60)}, human, VOTES, 0.05)
    assert (check.status, check.advisory, check.numbers["gain"]) == ("hold", True, 1.0)
    assert "advisory: no human verdicts on a random subset of these pairs" in check.reason


def test_above_5_percent_of_pairs_without_a_verdict_nothing_is_to_be_trusted():
    good = [CheckResult("integrity", "pass"), CheckResult("baseline", "pass"), CheckResult("floors", "pass")]
    check = judge_check(found(0.02), VOTES, 0.05)
    assert unscored_check(check, 5, 100) == check
    stopped = unscored_check(check, 6, 100)
    assert (stopped.status, stopped.reason) == (
        "integrity",
        "judge: 6 of 100 pairs without a verdict, at most 5 % allowed",
    )
    assert decide([*good, stopped]).kind == Kind.INTEGRITY
    assert decide([*good, unscored_check(judge_check(found(0.02), REFUSED, 0.05), 6, 100)]).kind == Kind.PROMOTE
