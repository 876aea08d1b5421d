"""Bounds of means: against scipy and statsmodels, and on data that break a bootstrap."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_ftgate.errors import MetricError
from pytest_ftgate.metrics.paired import tango_bounds
from pytest_ftgate.metrics.resample import mean_bounds

DIFFERENCES = (-1.0, 1.0)


def graded(n, shift=0.0, seed=0):
    rng = np.random.default_rng(seed)
    return [float(x) for x in np.clip(rng.normal(shift, 0.3, n), -1, 1)]


def test_bca_is_close_to_the_t_interval_on_well_behaved_data():
    from scipy.stats import sem, t

    values = graded(200, 0.05)
    half = t.ppf(0.95, 199) * sem(values)
    expected = (np.mean(values) - half, np.mean(values) + half)
    assert mean_bounds(values, DIFFERENCES) == pytest.approx(expected, abs=0.004)


def test_the_same_data_give_the_same_bounds():
    values = graded(100)
    assert mean_bounds(values, DIFFERENCES) == mean_bounds(values, DIFFERENCES)


def test_cluster_t_is_the_cluster_robust_error_of_statsmodels():
    import statsmodels.api as sm
    from scipy.stats import t

    values, clusters = graded(120, 0.05), [i // 4 for i in range(120)]
    fit = sm.OLS(values, np.ones(120)).fit(
        cov_type="cluster", cov_kwds={"groups": np.array(clusters), "use_correction": False}
    )
    half = t.ppf(0.95, 29) * fit.bse[0] * np.sqrt(30 / 29)
    expected = (fit.params[0] - half, fit.params[0] + half)
    assert mean_bounds(values, DIFFERENCES, clusters) == pytest.approx(expected)


def test_clusters_of_equal_cases_widen_the_bounds():
    values = [value for value in graded(30, 0.05) for _ in range(10)]
    alone = mean_bounds(values, DIFFERENCES)
    clustered = mean_bounds(values, DIFFERENCES, [i // 10 for i in range(300)])
    assert clustered[1] - clustered[0] > 2.5 * (alone[1] - alone[0])


def test_one_cluster_says_nothing():
    assert mean_bounds(graded(20), DIFFERENCES, ["one"] * 20) == DIFFERENCES


@pytest.mark.parametrize("n", [1, 2, 50, 300])
def test_equal_models_get_the_bounds_of_tango(n):
    assert mean_bounds([0.0] * n, DIFFERENCES) == pytest.approx(tango_bounds(0, 0, n))


@pytest.mark.parametrize("values", [[0.5], [1.0] * 6, [0.2] * 299 + [0.1], [0.0, 1.0], [0.0] * 99 + [-1.0]])
def test_degenerate_data_give_neither_nan_nor_certainty(values):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lower, upper = mean_bounds(values, (-1.0, 1.0))
    assert -1 <= lower < np.mean(values) <= upper <= 1


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=40))
def test_bounds_enclose_the_mean(values):
    lower, upper = mean_bounds(values, (0.0, 1.0))
    assert 0 <= lower <= np.mean(values) + 1e-12
    assert np.mean(values) - 1e-12 <= upper <= 1
    assert lower < 1


def test_a_rare_change_does_not_look_certain():
    """One case of 300 moved by .1: a bootstrap alone would bound the mean within .001."""
    lower, _ = mean_bounds([0.0] * 299 + [0.1], DIFFERENCES)
    assert lower < -0.008


def test_graded_differences_err_at_most_a_little_more_than_5_percent_of_the_time(monkeypatch):
    """40 cases, skewed grades; the true difference is the margin. 999 resamples instead of 9,999, for speed."""
    monkeypatch.setattr("pytest_ftgate.metrics.resample.RESAMPLES", 999)
    rng = np.random.default_rng(11)
    draws = rng.choice([-0.5, -0.25, 0.0, 0.25, 1.0], p=[0.14, 0.2, 0.5, 0.08, 0.08], size=(500, 40))
    margin = float(np.dot([-0.5, -0.25, 0.0, 0.25, 1.0], [0.14, 0.2, 0.5, 0.08, 0.08]))
    wrong = np.mean([mean_bounds(list(row), DIFFERENCES)[0] > margin for row in draws])
    assert wrong < 0.08, wrong


def test_the_mean_of_nothing_is_an_error():
    with pytest.raises(MetricError, match="0 cases"):
        mean_bounds([], DIFFERENCES)
