"""The champion check: not worse than the margin allows, and ahead."""

import random

import pytest

from pytest_ftgate.errors import MetricError
from pytest_ftgate.gate.checks.champion import champion_check
from pytest_ftgate.gate.checks.result import compared, points
from pytest_ftgate.gate.verdict import Result
from pytest_ftgate.metrics.paired import tango_bounds
from tests.unit.gate.checks.paired_results import RIGHT, UNMEASURED, graded, two_models


def test_ahead_and_surely_not_worse_passes():
    check = champion_check(*two_models(9, 5, both=286), delta=0.03)
    assert check.status == "pass"
    assert check.reason == "champion: +1.3 points, lower bound -0.8 > -3.0 (n = 300, discordant 9 vs 5)"
    assert (check.numbers["lower"], check.numbers["upper"]) == tango_bounds(9, 5, 300)
    assert check.cases_more is None


def test_ahead_but_unsure_is_a_hold_that_names_cases():
    check = champion_check(*two_models(9, 8, both=83), delta=0.05)
    assert check.status == "hold"
    assert check.cases_more == 192
    assert check.reason.endswith("; about 192 more cases would settle it")


def test_an_equal_model_passes_only_if_the_set_can_see_it():
    assert champion_check(*two_models(0, 0, both=300), delta=0.03).status == "pass"
    assert champion_check(*two_models(0, 0, both=50), delta=0.05).status == "hold"


def test_behind_is_a_hold_that_more_cases_would_not_settle():
    check = champion_check(*two_models(8, 10, both=282), delta=0.03)
    assert check.status == "hold"
    assert check.cases_more is None
    assert check.reason.endswith("; not ahead; more cases would not promote it")


def test_behind_within_the_margin_does_not_pass():
    """Lower bound above -delta, yet not ahead."""
    check = champion_check(*two_models(2, 3, both=495), delta=0.03)
    assert check.numbers["lower"] > -0.03
    assert check.status == "hold"


def test_significantly_worse_rejects():
    check = champion_check(*two_models(2, 12, both=286), delta=0.05)
    assert check.numbers["upper"] > -0.05
    assert check.status == "reject"
    assert "significantly worse" in check.reason


def test_surely_worse_than_the_margin_rejects():
    check = champion_check(*two_models(0, 60, both=240), delta=0.03)
    assert check.status == "reject"
    assert "upper bound" in check.reason
    assert "<= -3.0" in check.reason


def test_a_bound_close_to_the_margin_is_shown_with_digits_that_tell():
    assert compared(-0.0297, -0.03) == "-2.97 > -3.00"
    assert compared(-0.0019, -0.03) == "-0.2 > -3.0"
    assert compared(-0.03, -0.03) == "-3.0 <= -3.0"
    assert compared(-0.00001, 0.0) == "-0.001 <= +0.000"
    assert points(-0.0001) == "+0.0"


def test_an_unmeasured_case_is_candidate_wrong_reference_right_whoever_lacks_it():
    candidate, champion = two_models(0, 0, both=298)
    candidate |= {"x": UNMEASURED, "y": RIGHT}
    champion |= {"x": RIGHT, "y": UNMEASURED}
    check = champion_check(candidate, champion, 0.03)
    assert (check.numbers["better"], check.numbers["worse"], check.numbers["unmeasured"]) == (0, 2, 2)
    assert "2 unmeasured counted against the candidate" in check.reason
    assert check.status == "hold"


def test_a_candidate_that_lost_its_hard_cases_is_not_promoted():
    """Breaking on the cases it would get wrong must not pay."""
    candidate, champion = two_models(6, 6, both=288)
    lost = {key: UNMEASURED if result.value == 0 else result for key, result in candidate.items()}
    assert (
        champion_check(lost, champion, 0.03).numbers["gain"]
        == champion_check(candidate, champion, 0.03).numbers["gain"]
    )


def test_old_results_are_compared_on_the_shared_cases_if_nearly_all_are_shared():
    candidate, champion = two_models(20, 2, both=278)
    most = dict(list(champion.items())[:285])
    assert champion_check(candidate, most, 0.03).numbers["n"] == 285
    few = dict(list(champion.items())[:284])
    check = champion_check(candidate, few, 0.03)
    assert check.status == "hold"
    assert "284 of 300 cases; measure again" in check.reason


def test_nothing_in_common_is_an_error():
    with pytest.raises(MetricError, match="no cases in common"):
        champion_check({"a": RIGHT}, {"b": RIGHT}, 0.03)


@pytest.mark.parametrize("delta", [0, 3, -0.03])
def test_the_margin_is_a_share(delta):
    with pytest.raises(ValueError, match="share"):
        champion_check(*two_models(1, 1), delta=delta)


def test_graded_results_use_bounds_of_the_mean():
    rng = random.Random(2)
    champion = graded(*(rng.random() * 0.6 for _ in range(300)))
    candidate = {key: Result(result.value + rng.random() * 0.1, None) for key, result in champion.items()}
    check = champion_check(candidate, champion, 0.03)
    assert check.status == "pass"
    assert "p" not in check.numbers
    assert 0.04 < check.numbers["lower"] < check.numbers["gain"] < check.numbers["upper"] < 0.06
    assert champion_check(champion, candidate, 0.03).status == "reject"


def test_clustered_cases_count_as_what_they_are():
    """Forty cases that are four documents do not say as much as forty."""
    candidate, champion = two_models(20, 10, both=70)
    clusters = {f"c{i}": f"doc{i // 10}" for i in range(100)}
    alone, clustered = champion_check(candidate, champion, 0.05), champion_check(candidate, champion, 0.05, clusters)
    assert alone.status == "pass"
    assert clustered.status == "hold"
    assert champion_check(candidate, champion, 0.05, {f"c{i}": f"doc{i}" for i in range(100)}) == alone
    assert champion_check(candidate, champion, 0.05, dict.fromkeys(clusters)) == alone
