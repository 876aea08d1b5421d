"""Sample-ratio mismatch against scipy's other test, and by simulation."""

import numpy as np
import pytest
from scipy.stats import binom, chisquare

from pytest_ftgate.metrics.sample_ratio import MISMATCH, mismatch_p


@pytest.mark.parametrize(("k", "n", "share"), [(5200, 100_000, 0.05), (4800, 100_000, 0.05), (1050, 10_000, 0.1)])
def test_it_agrees_with_the_chi_square_test_where_that_holds(k, n, share):
    expected = chisquare([k, n - k], [n * share, n * (1 - share)]).pvalue
    assert mismatch_p(k, n, share) == pytest.approx(expected, rel=0.06)


def test_a_sound_split_is_blamed_in_at_most_one_of_a_thousand():
    counts = np.arange(0, 401)
    blamed = np.array([mismatch_p(int(k), 400, 0.05) < MISMATCH for k in counts])
    assert binom.pmf(counts, 400, 0.05)[blamed].sum() <= MISMATCH


def test_no_user_no_mismatch():
    assert mismatch_p(0, 0, 0.05) == 1.0
