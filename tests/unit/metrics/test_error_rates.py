"""What a test at .05 promises: it errs in 5 % of cases. Exact where the tables can be counted, else simulated."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, multinomial
from statsmodels.stats.proportion import confint_proportions_2indep

from pytest_ftgate.metrics import resample
from pytest_ftgate.metrics.intervals import wilson
from pytest_ftgate.metrics.paired import mcnemar_midp, tango_bounds
from pytest_ftgate.metrics.resample import mean_bounds
from tests.unit.metrics.newcombe import newcombe

DIFFERENCES = (-1.0, 1.0)


def midp_rejects(most):
    """For each number of discordant pairs up to `most`, the chance of a mid-p <= .05 between equal models."""
    rates = [0.0]
    for pairs in range(1, most + 1):
        critical = next((b for b in range(pairs // 2, pairs + 1) if mcnemar_midp(b, pairs - b) <= 0.05), pairs + 1)
        rates.append(float(binom.sf(critical - 1, pairs, 0.5)))
    return np.array(rates)


@pytest.fixture(scope="module")
def midp_rates():
    return midp_rejects(160)


@pytest.mark.parametrize("n", [30, 50, 100, 200, 500])
@pytest.mark.parametrize("discordance", [0.04, 0.08, 0.16, 0.24])
def test_mcnemar_midp_between_equal_models(midp_rates, n, discordance):
    """Exact, over all tables: the mid-p is not bound to .05 for each number of pairs, but stays there over all."""
    weights = binom.pmf(np.arange(161), n, discordance)
    rate = float(weights @ midp_rates)
    assert rate <= 0.052
    if n * discordance >= 30:
        assert rate >= 0.043, "nor is it wasteful"


def tango_passes(n, delta, discordance):
    """Exact chance that the lower bound of a model that is exactly delta worse lies above -delta."""
    better, worse = (discordance - delta) / 2, (discordance + delta) / 2
    b, c = (each.ravel() for each in np.meshgrid(np.arange(n + 1), np.arange(n + 1)))
    b, c = b[b + c <= n], c[b + c <= n]
    weights = multinomial.pmf(np.stack([b, c, n - b - c], axis=1), n, [better, worse, 1 - better - worse])
    likely = np.flatnonzero((weights > 1e-7) & ((b - c) / n > -delta))
    return sum(weights[i] for i in likely if tango_bounds(int(b[i]), int(c[i]), n)[0] > -delta)


@pytest.mark.parametrize(("n", "delta"), [(30, 0.05), (50, 0.05), (100, 0.05), (200, 0.03), (300, 0.03)])
@pytest.mark.parametrize("discordance", [0.06, 0.16, 0.30])
def test_tango_at_the_margin(n, delta, discordance):
    assert tango_passes(n, delta, discordance) <= 0.051


@pytest.mark.parametrize("n", [20, 50, 100, 300, 1000])
def test_wilson_covers_95_percent_on_average_and_at_the_floors_of_the_gate(n):
    """Exact coverage of both bounds. A score bound dips for single shares near 0 and 1, and is right on average."""
    bounds = np.array([wilson(k, n) for k in range(n + 1)])
    shares = np.linspace(0.005, 0.995, 397)
    chances = binom.pmf(np.arange(n + 1)[:, None], n, shares)
    for held in (bounds[:, :1] <= shares, bounds[:, 1:] >= shares):
        coverage = (chances * held).sum(axis=0)
        assert coverage.mean() == pytest.approx(0.95, abs=0.012)
        assert coverage.min() >= 0.81
    for floor in (0.80, 0.85, 0.90):
        false_pass = binom.pmf(np.arange(n + 1), n, floor)[bounds[:, 0] >= floor].sum()
        assert false_pass <= (0.08 if n < 50 else 0.065), floor


@pytest.mark.parametrize(("p", "q"), [(0.8, 0.7), (0.5, 0.5), (0.9, 0.6)])
@pytest.mark.parametrize("n", [100, 400])
def test_the_newcombe_of_these_tests_is_the_one_of_statsmodels_for_uncorrelated_models(p, q, n):
    table = [round(n * share) for share in (p * q, p * (1 - q), (1 - p) * q, (1 - p) * (1 - q))]
    a, b, c, d = table
    assert a * d == b * c
    theirs = confint_proportions_2indep(a + b, n, a + c, n, method="newcomb", compare="diff", alpha=0.10)
    assert newcombe(*table, 0.05) == pytest.approx(theirs, abs=1e-9)


@pytest.fixture
def quick(monkeypatch):
    """Fewer resamples: hundreds of intervals in a second."""
    monkeypatch.setattr(resample, "RESAMPLES", 999)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("n", [40, 120])
def test_bca_of_graded_differences(n):
    """Most grades equal, the others in steps of a quarter, skewed: what a rubric gives."""
    values, chances = np.array([-0.75, -0.25, 0.0, 0.25, 0.5]), np.array([0.05, 0.10, 0.60, 0.15, 0.10])
    truth = float(values @ chances)
    rng = np.random.default_rng(n)
    drawn = [mean_bounds(list(rng.choice(values, n, p=chances)), DIFFERENCES) for _ in range(300)]
    lower, upper = np.array(drawn).T
    for missed in (np.mean(lower > truth), np.mean(upper < truth)):
        assert 0.01 <= missed <= 0.09, "nominal .05, standard error .013"


def clustered(rng, clusters, size):
    """Differences of cases that share their cluster's luck; the true mean is 0."""
    shared = rng.normal(0, 0.2, clusters)
    return [float(np.clip(luck + rng.normal(0, 0.3), -1, 1)) for luck in shared for _ in range(size)]


@pytest.mark.parametrize(("clusters", "size"), [(12, 8), (40, 5)])
def test_cluster_t_keeps_its_level_where_independent_cases_are_a_wrong_assumption(clusters, size):
    rng = np.random.default_rng(clusters)
    keys = [i // size for i in range(clusters * size)]
    samples = [clustered(rng, clusters, size) for _ in range(1000)]
    lower, upper = np.array([mean_bounds(values, DIFFERENCES, keys) for values in samples]).T
    assert np.mean(lower > 0) == pytest.approx(0.05, abs=0.028)
    assert np.mean(upper < 0) == pytest.approx(0.05, abs=0.028)
    half = 1.645 * np.std(samples, axis=1, ddof=1) / np.sqrt(clusters * size)
    assert np.mean(np.mean(samples, axis=1) - half > 0) > 0.09, "taken one by one they err twice as often"
