"""Holm's procedure: against statsmodels, and by simulation."""

import gc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.metrics.holm import first_step, holm

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=20)


@pytest.fixture(scope="module")
def multipletests():
    """That of statsmodels, without the gc.collect() of each call: half a second where torch is loaded too."""
    from statsmodels.stats.multitest import multipletests

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gc, "collect", lambda: 0)
        yield multipletests


@given(p_values=P_VALUES)
def test_adjusted_as_by_statsmodels(multipletests, p_values):
    assert holm(p_values) == pytest.approx(list(multipletests(p_values, method="holm")[1]))


def test_nothing_is_adjusted_to_nothing():
    assert holm([]) == []


def test_one_test_is_left_alone():
    assert holm([0.04]) == [0.04]


def test_of_eight_true_hypotheses_one_is_refuted_at_most_5_percent_of_the_time():
    draws = np.random.default_rng(3).uniform(size=(4000, 8))
    found = np.mean([min(holm(list(row))) <= 0.05 for row in draws])
    assert 0.04 < found < 0.06
    assert np.mean(draws.min(axis=1) <= 0.05) > 0.3, "which is what comes of no correction"


@pytest.mark.parametrize("tried", [1, 2, 5])
def test_the_first_step_is_the_level_of_the_least_p_value(tried):
    level = first_step(tried)
    assert holm([level, *[1.0] * (tried - 1)])[0] == pytest.approx(0.05)


def test_five_candidates_in_turn_err_half_as_often_as_uncorrected():
    """Each as bad as the margin: 5 % (1 + 1/2 + ... + 1/5) = 11.4 %, against 22.6 %."""
    draws = np.random.default_rng(6).uniform(size=(20_000, 5))
    levels = np.array([first_step(tried) for tried in range(1, 6)])
    assert np.mean((draws <= levels).any(axis=1)) == pytest.approx(0.11, abs=0.01)
    assert np.mean((draws <= 0.05).any(axis=1)) == pytest.approx(0.226, abs=0.01)


def test_nobody_tried_is_a_mistake():
    with pytest.raises(ValueError, match="1 or more"):
        first_step(0)
