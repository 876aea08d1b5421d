"""The anchor check: not worse than the best past champion by the margin; it need not be ahead."""

import pytest

from pytest_ftgate.gate.checks.anchor import anchor_check
from pytest_ftgate.metrics.paired import tango_bounds
from tests.unit.gate.checks.paired_results import two_models


def test_slightly_behind_but_surely_within_the_margin_passes():
    check = anchor_check(*two_models(2, 3, both=495), delta=0.03)
    assert check.status == "pass"
    assert check.reason == "anchor: -0.2 points, lower bound -1.1 > -3.0 (n = 500, discordant 2 vs 3)"
    assert check.numbers["lower"] == tango_bounds(2, 3, 500)[0]


def test_unsure_is_a_hold_that_names_cases_though_it_is_behind():
    check = anchor_check(*two_models(8, 10, both=282), delta=0.03)
    assert check.status == "hold"
    assert check.cases_more
    assert check.reason.endswith(f"; about {check.cases_more:,} more cases would settle it")


def test_behind_by_the_margin_is_not_settled_by_cases():
    check = anchor_check(*two_models(2, 6, both=92), delta=0.03)
    assert (check.status, check.cases_more) == ("hold", None)
    assert check.reason.endswith("; more cases would not promote it")


def test_surely_worse_than_the_margin_rejects():
    check = anchor_check(*two_models(0, 60, both=240), delta=0.03)
    assert check.status == "reject"
    assert "upper bound" in check.reason


def test_the_level_follows_the_candidates_of_the_round():
    models = two_models(5, 5, both=190)
    assert anchor_check(*models, delta=0.03).status == "pass"
    check = anchor_check(*models, delta=0.03, tried=2)
    assert check.status == "hold"
    assert check.numbers["lower"] == tango_bounds(5, 5, 200, 0.025)[0]
    assert "; 2nd candidate of this round: alpha .025; about" in check.reason


def test_the_margin_is_a_share():
    with pytest.raises(ValueError, match="share"):
        anchor_check(*two_models(1, 1), delta=3)
