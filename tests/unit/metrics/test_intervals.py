"""Wilson's bounds against statsmodels; F1 through J."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from pytest_ftgate.errors import MetricError
from pytest_ftgate.metrics.intervals import f1_bounds, f1_of_j, unseen, wilson
from pytest_ftgate.metrics.paired import tango_bounds

shares = st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(shares, st.sampled_from([0.05, 0.025, 0.01]))
def test_wilson_is_the_one_of_statsmodels(kn, alpha):
    k, n = kn
    assert wilson(k, n, alpha) == pytest.approx(proportion_confint(k, n, 2 * alpha, method="wilson"), abs=1e-12)


@given(shares)
def test_bounds_enclose_the_share_and_never_claim_certainty(kn):
    k, n = kn
    lower, upper = wilson(k, n)
    assert 0 <= lower <= k / n <= upper <= 1
    assert lower < 1
    assert upper > 0


def test_six_of_six_does_not_reach_85_percent():
    assert wilson(6, 6)[0] == pytest.approx(0.689, abs=0.001)
    assert f1_bounds(6, 0, 0)[0] < 0.85


@pytest.mark.parametrize(("n", "observed"), [(50, 0.90), (100, 0.87), (200, 0.85), (500, 0.83)])
def test_what_must_be_observed_to_show_80_percent(n, observed):
    least = min(k for k in range(n + 1) if wilson(k, n)[0] >= 0.80)
    assert least / n == pytest.approx(observed, abs=0.011)


def test_a_share_of_nothing_is_an_error():
    with pytest.raises(MetricError, match="undefined"):
        wilson(0, 0)
    with pytest.raises(ValueError, match="k must be"):
        wilson(3, 2)


@given(st.integers(1, 300), st.integers(0, 100), st.integers(0, 100))
def test_f1_of_j_is_f1(tp, fp, fn):
    assert f1_of_j(tp / (tp + fp + fn)) == pytest.approx(2 * tp / (2 * tp + fp + fn))


def test_coverage_of_the_lower_bound_of_f1():
    """At F1 .98, where a percentile bootstrap covers 83 %, the lower bound is below the truth in at least 94 %."""
    rng = np.random.default_rng(3)
    recall, false_alarm = 0.98, 0.02
    truth = 2 * recall / (1 + recall + false_alarm)
    tp, fp = rng.binomial(150, recall, 4000), rng.binomial(150, false_alarm, 4000)
    covered = np.mean([f1_bounds(int(t), int(f), 150 - int(t))[0] <= truth for t, f in zip(tp, fp, strict=True)])
    assert covered >= 0.94


@pytest.mark.parametrize("n", [10, 50, 300])
def test_unseen_is_the_bound_of_nothing_seen(n):
    assert unseen(n) == pytest.approx(wilson(0, n)[1])
    assert unseen(n) == pytest.approx(tango_bounds(0, 0, n)[1])
