"""Sign flips: against scipy, against themselves inverted, and by simulated type I error."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.metrics.resample import mean_bounds
from pytest_ftgate.metrics.sign_flip import FLIPS, sign_flip_bounds, sign_flip_p

LIMITS = (-1.0, 1.0)
DIFFERENCES = st.lists(st.integers(-5, 5).map(lambda eighths: eighths / 8), min_size=2, max_size=9)
"""Exact in binary, so that two flips with the same sum have it to the last bit, here and in scipy."""


def by_scipy(sums, resamples=np.inf):
    from scipy.stats import permutation_test

    found = permutation_test(
        (np.asarray(sums),), np.sum, permutation_type="samples", alternative="greater", n_resamples=resamples
    )
    return found.pvalue


@given(DIFFERENCES)
def test_p_is_that_of_scipys_permutation_test(values):
    assert sign_flip_p(values) == pytest.approx(by_scipy(values), abs=1e-12)


def test_clusters_are_flipped_as_a_whole():
    values, clusters = [0.2, 0.3, -0.1, 0.4, 0.05, 0.1], list("aabbcd")
    assert sign_flip_p(values, clusters) == by_scipy([0.5, 0.3, 0.05, 0.1])


def test_many_values_are_drawn_with_a_seed():
    values = list(np.random.default_rng(5).normal(0.1, 0.5, 60))
    p = sign_flip_p(values)
    assert p == sign_flip_p(values)
    assert p == pytest.approx(by_scipy(values, FLIPS), abs=0.025)
    assert sign_flip_p([0.5] * 60) == 1 / (FLIPS + 1)


def test_without_a_difference_nothing_is_refuted():
    assert sign_flip_p([0.0] * 40) == 1.0


@given(st.lists(st.floats(-0.9, 0.9), min_size=5, max_size=8), st.sampled_from([0.05, 0.1]))
def test_the_bounds_are_the_means_that_the_test_does_not_refute(values, alpha):
    lower, upper = sign_flip_bounds(values, LIMITS, alpha=alpha)
    assert sign_flip_p([value - (lower - 1e-6) for value in values]) <= alpha
    assert sign_flip_p([value - (lower + 1e-6) for value in values]) > alpha
    assert sign_flip_p([(upper + 1e-6) - value for value in values]) <= alpha
    assert sign_flip_p([(upper - 1e-6) - value for value in values]) > alpha


def test_four_clusters_cannot_refute_anything_at_5_percent():
    assert sign_flip_bounds([0.1, 0.2, 0.3, 0.4], LIMITS) == LIMITS
    assert sign_flip_bounds([0.1, 0.2, 0.3, 0.4, 0.5], LIMITS) == (0.1, 0.5)


def test_exact_bounds_are_for_few_clusters():
    with pytest.raises(ValueError, match="at most 14 clusters"):
        sign_flip_bounds([0.0] * 15, LIMITS)


@pytest.mark.parametrize("count", [5, 7, 9])
def test_below_ten_clusters_the_bound_of_the_mean_errs_at_most_5_percent_of_the_time(count):
    """Ten cases in each cluster, right or wrong, sharing most of their luck; true difference -.05."""
    rng, size, runs = np.random.default_rng(count), 10, 1500
    clusters = [i // size for i in range(count * size)]
    shift = rng.choice([-0.10, 0.10], size=(runs, count)).repeat(size, axis=1)
    draw = rng.uniform(size=(runs, count * size))
    values = np.where(draw < 0.10 + shift / 2, 1.0, np.where(draw > 0.85 + shift / 2, -1.0, 0.0))
    wrong = np.mean([mean_bounds(list(row), LIMITS, clusters)[0] > -0.05 for row in values])
    assert wrong <= 0.06, wrong


@pytest.mark.parametrize("count", [6, 9])
def test_the_bound_of_graded_clusters_uses_its_level(count):
    """Where every cluster differs, the error is neither above 5 % nor far below what 2^clusters flips allow."""
    rng, runs = np.random.default_rng(count), 1500
    effects = rng.normal(0, 0.1, (runs, count)).repeat(4, axis=1) + rng.normal(0, 0.1, (runs, count * 4))
    clusters = [i // 4 for i in range(count * 4)]
    wrong = np.mean([mean_bounds(list(row), LIMITS, clusters)[0] > 0 for row in effects])
    assert 0.015 < wrong < 0.062, wrong
