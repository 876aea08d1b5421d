"""McNemar's mid-p and Tango's interval, against the literature, other methods, and their own promise by simulation."""

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom
from statsmodels.stats.contingency_tables import mcnemar

from pytest_ftgate.errors import MetricError
from pytest_ftgate.metrics.intervals import z_of
from pytest_ftgate.metrics.paired import mcnemar_midp, tango_bounds
from tests.unit.metrics.newcombe import newcombe

PUBLISHED = [
    # b, c, n, one-sided alpha, lower, upper, decimals
    (9, 3, 32, 0.025, -0.027, 0.390, 3),  # Tango 1998, table (4, 9, 3, 16)
    (0, 1, 44, 0.05, -0.096, 0.037, 3),  # Tango 1998, lens disinfection (43, 0, 1, 0), 90 % interval
    (16, 8, 86, 0.025, -0.020, 0.207, 3),  # Agresti & Min 2005, table (53, 16, 8, 9)
    (1, 7, 21, 0.025, -0.517, -0.026, 3),  # Fagerland et al. 2014, Bentur 2009 (1, 1, 7, 12)
    (6, 16, 161, 0.025, -0.1240, -0.0054, 4),  # Fagerland et al. 2017, Cavo 2012 (59, 6, 16, 80)
]

discordant = st.integers(0, 60).flatmap(lambda b: st.integers(0, 60).map(lambda c: (b, c)))


@pytest.mark.parametrize(("b", "c", "n", "alpha", "lower", "upper", "decimals"), PUBLISHED)
def test_tango_gives_the_published_intervals(b, c, n, alpha, lower, upper, decimals):
    assert [round(bound, decimals) for bound in tango_bounds(b, c, n, alpha)] == [lower, upper]


@pytest.mark.parametrize(
    ("b", "c", "n", "alpha"), [row[:4] for row in PUBLISHED] + [(12, 2, 50, 0.025), (0, 0, 50, 0.05)]
)
def test_tango_bounds_are_roots_of_the_quartic(b, c, n, alpha):
    """The closed form of Yang, Sun & Hardin 2013 (Statistics in Medicine 32:1336): another derivation of the same."""
    g, d = z_of(alpha) ** 2, b - c
    quartic = [
        n**2 * (n / g + 1) ** 2,
        -n * d * (n / g + 1) * (4 * n / g + 1),
        2 * n * d**2 * (3 * n / g + 2) / g - n**2 * ((b + c) / g + 1),
        n * d * (2 * (b + c) / g + 1) - d**3 * (4 * n / g + 1) / g,
        d**2 * (d**2 / g - (b + c)) / g,
    ]
    roots = np.roots(quartic)
    for bound in tango_bounds(b, c, n, alpha):
        assert min(abs(roots - bound)) < 1e-6


@given(discordant, st.integers(0, 400))
def test_tango_lies_around_the_estimate_and_turns_with_the_models(bc, rest):
    b, c = bc
    n = max(b + c + rest, 1)
    lower, upper = tango_bounds(b, c, n)
    assert -1 <= lower <= (b - c) / n <= upper <= 1
    assert upper - lower > 1e-4
    assert tango_bounds(c, b, n) == pytest.approx((-upper, -lower))


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 200))
def test_tango_agrees_with_mcnemar_score_test_at_zero(b, c, rest):
    """0 is outside the interval exactly where McNemar's z exceeds its quantile."""
    z = (b - c) / sqrt(b + c) if b + c else 0.0
    if abs(z - z_of(0.05)) > 1e-9:
        assert (tango_bounds(b, c, b + c + rest + 1)[0] > 0) == (z > z_of(0.05))


def test_newcombe_of_this_test_is_the_published_one():
    assert [round(x, 4) for x in newcombe(59, 6, 16, 80, 0.025)] == [-0.1186, -0.0046]


@pytest.mark.parametrize("n", [100, 200, 500])
@pytest.mark.parametrize(("b", "c"), [(0.10, 0.06), (0.08, 0.08), (0.06, 0.10), (0.13, 0.03)])
def test_tango_is_close_to_newcombe(n, b, c):
    b, c = round(b * n), round(c * n)
    a = round(0.7 * n)
    ours, theirs = tango_bounds(b, c, n), newcombe(a, b, c, n - a - b - c, 0.05)
    assert ours == pytest.approx(theirs, abs=1.6 / n)


@pytest.mark.parametrize("n", [50, 100, 200])
@pytest.mark.parametrize("delta", [0.03, 0.05])
def test_type_one_error_at_the_margin(n, delta):
    """A model that is exactly delta worse passes "lower > -delta" in at most 5.5 % of 200,000 simulated golden sets."""
    rng = np.random.default_rng(n)
    for discordance in (0.06, 0.10, 0.16, 0.20, 0.30):
        pb, pc = (discordance - delta) / 2, (discordance + delta) / 2
        drawn = rng.multinomial(n, [pb, pc, 1 - discordance], size=200_000)
        tables, counts = np.unique(drawn[:, :2], axis=0, return_counts=True)
        passed = [tango_bounds(int(b), int(c), n)[0] > -delta for b, c in tables]
        assert counts[passed].sum() / counts.sum() <= 0.055


@pytest.mark.parametrize(("discordance", "power"), [(0.10, 0.94), (0.16, 0.80), (0.20, 0.72)])
def test_power_of_the_champion_rule_is_what_the_design_says(discordance, power):
    rng = np.random.default_rng(7)
    pb, pc = (discordance + 0.05) / 2, (discordance - 0.05) / 2
    drawn = rng.multinomial(100, [pb, pc, 1 - discordance], size=100_000)
    tables, counts = np.unique(drawn[:, :2], axis=0, return_counts=True)
    passed = [b >= c and tango_bounds(int(b), int(c), 100)[0] > -0.05 for b, c in tables]
    assert counts[passed].sum() / counts.sum() == pytest.approx(power, abs=0.012)


@pytest.mark.parametrize("pair", [(0, 0, 0), (3, 2, 4), (-1, 0, 5)])
def test_impossible_counts_are_refused(pair):
    with pytest.raises((MetricError, ValueError)):
        tango_bounds(*pair)


def test_midp_gives_the_published_value():
    """Fagerland et al.: two-sided mid-P of Cavo 2012 is 0.034690."""
    assert round(2 * mcnemar_midp(16, 6), 6) == 0.034690


@given(discordant)
def test_midp_is_the_binomial_midp(bc):
    b, c = bc
    expected = binom.sf(b, b + c, 0.5) + binom.pmf(b, b + c, 0.5) / 2
    assert mcnemar_midp(b, c) == pytest.approx(expected, rel=1e-9)
    assert mcnemar_midp(b, c) + mcnemar_midp(c, b) == pytest.approx(1)


@pytest.mark.parametrize(("b", "c"), [(16, 6), (9, 5), (30, 12), (1, 0)])
def test_midp_is_half_of_the_exact_test_less_half_of_the_point(b, c):
    """statsmodels' exact McNemar is two-sided, without mid-p."""
    exact = mcnemar([[5, b], [c, 5]], exact=True).pvalue
    assert mcnemar_midp(b, c) == pytest.approx(exact / 2 - binom.pmf(b, b + c, 0.5) / 2)


@pytest.mark.parametrize(("b", "c"), [(520, 480), (500, 500), (0, 1000), (1000, 0)])
def test_midp_of_many_pairs_does_not_jump_where_scipy_takes_over(b, c):
    from pytest_ftgate.metrics.paired import _midp_by_scipy

    assert _midp_by_scipy(b, b + c) == pytest.approx(mcnemar_midp(b, c), rel=1e-9)
    assert 0 < mcnemar_midp(5100, 4900) < 0.03
