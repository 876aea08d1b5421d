"""The e-process of live traffic, held to its promise by simulation and to what must not matter by symmetry."""

from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.metrics.eprocess import DECISIVE, STAKES, contrasts, log_e, lower_bound

RUNS = 1500


def draw(seed: int, runs: int, users: int, share: float, champion, candidate):
    """Checks and 0/1 outcomes of `runs` experiments; the means may be arrays over the users."""
    rng = np.random.default_rng(seed)
    arms = rng.random((runs, users)) < share
    means = np.where(arms, candidate, champion)
    return arms, (rng.random((runs, users)) < means).astype(float)


def ever_decides(x, share: float, least: float = 0.0) -> float:
    """Share of experiments in which a look after every user would have decided at least once."""
    return float((log_e(x, share, least).max(axis=-1) >= log(DECISIVE)).mean())


def clearly_above(observed: float, level: float = 0.05, runs: int = RUNS) -> bool:
    return observed > level + 3 * (level * (1 - level) / runs) ** 0.5


@pytest.mark.parametrize(("share", "mean"), [(0.05, 0.5), (0.1, 0.95), (0.5, 0.8)])
def test_equal_models_are_told_apart_in_at_most_five_percent_though_each_user_brings_a_look(share, mean):
    arms, outcomes = draw(1, RUNS, 1500, share, mean, mean)
    x = contrasts(arms, outcomes, share)
    assert not clearly_above(ever_decides(x, share))
    assert not clearly_above(ever_decides(-x, share))


def test_outcomes_that_drift_raise_no_alarm():
    """Both models go from 90 % to 40 % while the test runs: a comparison with earlier users would cry wolf."""
    share, drift = 0.1, np.linspace(0.9, 0.4, 2000)
    arms, outcomes = draw(2, RUNS, 2000, share, drift, drift)
    x = contrasts(arms, outcomes, share)
    assert not clearly_above(ever_decides(x, share))
    assert not clearly_above(ever_decides(-x, share))


def test_the_margin_is_the_boundary_of_the_hypothesis():
    arms, outcomes = draw(3, RUNS, 2000, 0.3, 0.8, 0.75)
    x = contrasts(arms, outcomes, 0.3)
    assert not clearly_above(ever_decides(x, 0.3, -0.05))
    assert not clearly_above(ever_decides(-x, 0.3, 0.05))
    assert ever_decides(x, 0.3, -0.20) > 0.9


def test_a_mean_e_value_under_the_null_is_one():
    """An e-value, unlike a p-value, is defined by its mean: at a fixed time it is exactly 1 here."""
    arms, outcomes = draw(4, 20_000, 60, 0.2, 0.7, 0.7)
    e = np.exp(log_e(contrasts(arms, outcomes, 0.2), 0.2)[:, -1])
    assert abs(e.mean() - 1) < 4 * e.std() / len(e) ** 0.5


def test_the_usual_test_looked_at_after_every_user_cries_wolf():
    """The control: on the same kind of data a t-test at 5 % errs in far more than 5 % of the experiments."""
    arms, outcomes = draw(1, RUNS, 1500, 0.1, 0.5, 0.5)
    x = contrasts(arms, outcomes, 0.1)
    n = np.arange(1, 1501)
    mean, square = np.cumsum(x, axis=-1) / n, np.cumsum(x * x, axis=-1) / n
    z = mean / np.sqrt((square - mean**2) / n + 1e-12)
    assert (z[:, 100:].max(axis=-1) > 1.645).mean() > 0.2


def test_power_is_that_of_its_growth_rate():
    """log e grows by about gain^2 / (2 variance) a user: +10 points on 60 %, half of the users, 20 after some 750."""
    arms, outcomes = draw(6, 300, 2000, 0.5, 0.6, 0.7)
    x = contrasts(arms, outcomes, 0.5)
    reached = log_e(x, 0.5) >= log(DECISIVE)
    assert reached.any(axis=-1).mean() > 0.9
    assert 300 < np.median(reached.argmax(axis=-1)[reached.any(axis=-1)]) < 1200
    assert ever_decides(-x, 0.5) < 0.01


def test_five_percent_of_the_users_are_enough_for_a_large_difference():
    arms, outcomes = draw(7, 100, 8000, 0.05, 0.7, 0.82)
    assert ever_decides(contrasts(arms, outcomes, 0.05), 0.05) > 0.8


def test_bounds_hold_at_a_look_chosen_to_embarrass_them():
    """The look is the one at which the estimate is farthest off."""
    arms, outcomes = draw(8, 300, 400, 0.5, 0.6, 0.65)
    wrong = 0
    for x in contrasts(arms, outcomes, 0.5):
        mean = np.cumsum(x) / np.arange(1, 401)
        worst = 30 + int(np.argmax(mean[30:]))
        wrong += lower_bound(x[: worst + 1], 0.5) > 0.05
    assert not clearly_above(wrong / 300, runs=300)


def test_a_bound_is_where_the_e_value_is_twenty():
    arms, outcomes = draw(9, 1, 3000, 0.5, 0.5, 0.7)
    x = contrasts(arms, outcomes, 0.5)[0]
    bound = lower_bound(x, 0.5)
    assert 0 < bound < x.mean() < 0.3
    assert log_e(x, 0.5, bound)[-1] == pytest.approx(log(DECISIVE), abs=1e-3)


def test_one_user_by_hand():
    """The first user: m = 1/2, outcome 1, candidate at share 1/4: x = 4 * 1/2 = 2, stakes of 1/4."""
    x = contrasts([True], [1.0], 0.25)
    assert x.tolist() == [2.0]
    by_hand = np.mean([1 + stake / 4 * 2 for stake in STAKES])
    assert np.exp(log_e(x, 0.25)[0]) == pytest.approx(by_hand)


users = st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=40)


@given(users, st.floats(0.02, 0.98), st.floats(-0.5, 0.5))
def test_swapping_the_arms_swaps_better_and_worse(found, share, least):
    arms, outcomes = np.array([a for a, _ in found]), np.array([y for _, y in found])
    x, swapped = contrasts(arms, outcomes, share), contrasts(~arms, outcomes, 1 - share)
    assert np.allclose(log_e(x, share, least), log_e(-swapped, 1 - share, least), atol=1e-6)


@given(users, st.floats(0.02, 0.98))
def test_failures_counted_instead_of_successes_swap_better_and_worse(found, share):
    arms, outcomes = np.array([a for a, _ in found]), np.array([y for _, y in found])
    x, failures = contrasts(arms, outcomes, share), contrasts(arms, 1 - outcomes, share)
    assert np.allclose(log_e(x, share), log_e(-failures, share), atol=1e-6)


@given(users, st.floats(0.02, 0.98), st.floats(-1, 1))
def test_no_bettor_ever_goes_bankrupt(found, share, least):
    arms, outcomes = np.array([a for a, _ in found]), np.array([y for _, y in found])
    assert np.isfinite(log_e(contrasts(arms, outcomes, share), share, least)).all()


@given(users, st.integers(1, 40))
def test_later_users_do_not_change_what_an_earlier_look_saw(found, look):
    arms, outcomes = np.array([a for a, _ in found]), np.array([y for _, y in found])
    early = log_e(contrasts(arms[:look], outcomes[:look], 0.1), 0.1)
    assert np.allclose(log_e(contrasts(arms, outcomes, 0.1), 0.1)[: len(early)], early)


@pytest.mark.parametrize("share", [0, 1, 5, -0.1])
def test_a_share_is_between_zero_and_one(share):
    with pytest.raises(ValueError, match=r"\.05 for 5 %"):
        contrasts([True], [1.0], share)
