"""The anchor arm: not worse than the best past champion by the margin; it need not be ahead."""

import pytest

from pytest_ftgate.gate.checks.anchor import anchor_arm
from pytest_ftgate.metrics.paired import tango_bounds
from tests.unit.gate.checks.paired_results import two_models


def test_slightly_behind_but_surely_within_the_margin_passes():
    arm = anchor_arm(*two_models(2, 3, both=495), delta=0.03)
    assert arm.status == "pass"
    assert arm.reason == "anchor: -0.2 points, lower bound -1.1 > -3.0 (n = 500, discordant 2 vs 3)"
    assert arm.numbers["lower"] == tango_bounds(2, 3, 500)[0]


def test_unsure_is_a_hold_that_names_cases_though_it_is_behind():
    arm = anchor_arm(*two_models(8, 10, both=282), delta=0.03)
    assert arm.status == "hold"
    assert arm.cases_more
    assert arm.reason.endswith(f"; about {arm.cases_more:,} more cases would settle it")


def test_behind_by_the_margin_is_not_settled_by_cases():
    arm = anchor_arm(*two_models(2, 6, both=92), delta=0.03)
    assert (arm.status, arm.cases_more) == ("hold", None)
    assert arm.reason.endswith("; more cases would not promote it")


def test_surely_worse_than_the_margin_rejects():
    arm = anchor_arm(*two_models(0, 60, both=240), delta=0.03)
    assert arm.status == "reject"
    assert "upper bound" in arm.reason


def test_the_level_follows_the_candidates_of_the_round():
    models = two_models(5, 5, both=190)
    assert anchor_arm(*models, delta=0.03).status == "pass"
    arm = anchor_arm(*models, delta=0.03, tried=2)
    assert arm.status == "hold"
    assert arm.numbers["lower"] == tango_bounds(5, 5, 200, 0.025)[0]
    assert "; 2nd candidate of this round: alpha .025; about" in arm.reason


def test_the_margin_is_a_share():
    with pytest.raises(ValueError, match="share"):
        anchor_arm(*two_models(1, 1), delta=3)
