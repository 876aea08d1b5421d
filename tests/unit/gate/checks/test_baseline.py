"""The baseline check: a fine-tune that is not better than its base model is not promoted."""

import pytest

from pytest_ftgate.gate.checks.baseline import baseline_check
from pytest_ftgate.gate.verdict import Result
from tests.unit.gate.checks.paired_results import UNMEASURED, graded, two_models


def test_significantly_better_passes():
    check = baseline_check(*two_models(120, 15, both=150, neither=15))
    assert check.status == "pass"
    assert check.reason.startswith("baseline: +35.0 points, p = ")
    assert check.reason.endswith("<= 0.05 (n = 300, discordant 120 vs 15)")


def test_better_but_not_significantly_is_a_hold_that_names_cases():
    check = baseline_check(*two_models(8, 4, both=48))
    assert check.status == "hold"
    assert "p = 0.13 > 0.05" in check.reason
    assert check.cases_more == 213
    assert f"about {check.cases_more} more cases would settle it" in check.reason


@pytest.mark.parametrize(("b", "c"), [(0, 0), (5, 5), (4, 6)])
def test_an_equal_model_is_not_promoted(b, c):
    check = baseline_check(*two_models(b, c, both=100))
    assert check.status == "hold"
    assert check.cases_more is None
    assert "not ahead; more cases would not promote it" in check.reason


def test_significantly_worse_rejects():
    check = baseline_check(*two_models(3, 14, both=100))
    assert check.status == "reject"
    assert "significantly worse" in check.reason


def test_min_gain_is_asked_of_the_point_estimate():
    models = two_models(12, 2, both=286)
    assert baseline_check(*models, min_gain=0.03).status == "pass"
    check = baseline_check(*models, min_gain=0.05)
    assert check.status == "hold"
    assert check.cases_more is None
    assert "below min_gain (+5.0 points)" in check.reason


def test_unmeasured_cases_are_held_against_the_candidate():
    candidate, base = two_models(10, 2, both=100)
    assert baseline_check(candidate, base).status == "pass"
    lost = candidate | {f"c{i}": UNMEASURED for i in range(12, 20)}
    assert baseline_check(lost, base).status == "hold"


def test_graded_results_of_one_size_of_step_pass_too():
    """Every case gains .2: no bootstrap can give a bound with width here."""
    base, candidate = graded(*[0.3] * 60), graded(*[0.5] * 60)
    check = baseline_check(candidate, base)
    assert check.status == "pass"
    assert 0.1 < check.numbers["lower"] < 0.2
    assert baseline_check(base, candidate).status == "reject"
    assert baseline_check(base, base).status == "hold"


def test_three_graded_cases_prove_nothing():
    check = baseline_check(graded(0.5, 0.6, 0.5), graded(0.3, 0.4, 0.3))
    assert check.status == "hold"
    assert check.cases_more


def test_few_clusters_prove_nothing():
    candidate, base = two_models(30, 0, both=30)
    check = baseline_check(candidate, base, clusters=dict.fromkeys(candidate, "one document"))
    assert check.status == "hold"


def test_frozen_results_of_another_set_are_measured_again():
    check = baseline_check(*two_models(30, 0, both=30), min_gain=0.0)
    assert check.status == "pass"
    candidate, base = two_models(30, 0, both=30)
    base.pop("c0"), base.pop("c1"), base.pop("c2"), base.pop("c3")
    assert baseline_check(candidate, base).status == "hold"


def test_numbers_are_plain_floats_for_json():
    import json

    check = baseline_check(graded(*[i / 50 for i in range(50)]), {f"c{i}": Result(i / 60, None) for i in range(50)})
    assert all(type(number) is float for number in check.numbers.values())
    json.dumps(dict(check.numbers))
