"""What a set can resolve, and how many more cases would settle a hold."""

from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.power import normal_power, normal_sample_size_one_tail

from pytest_ftgate.metrics import power
from pytest_ftgate.metrics.intervals import wilson
from pytest_ftgate.metrics.paired import mcnemar_midp, tango_bounds


@pytest.mark.parametrize(("n", "least"), [(50, 0.141), (100, 0.099), (200, 0.070), (500, 0.044)])
def test_least_difference_that_a_set_resolves(n, least):
    assert power.resolvable(n) == pytest.approx(least, abs=0.0006)


def test_cases_needed():
    assert power.cases_needed(0.05) == 396
    assert power.cases_needed(0.05, gain=0.05) == 98
    assert power.cases_needed(0.03) == power.cases_to_find(0.03) == 1100


@pytest.mark.parametrize("discordance", [0.06, 0.16, 0.3])
@pytest.mark.parametrize(("delta", "gain"), [(0.03, 0.0), (0.05, 0.0), (0.05, 0.02), (0.03, 0.05)])
def test_cases_are_those_of_statsmodels(delta, gain, discordance):
    """A one-sample z test of the differences: the same formula, in statsmodels by standard deviations."""
    spread = np.sqrt(discordance - gain**2)
    theirs = normal_sample_size_one_tail(delta + gain, 0.80, 0.05, spread)
    assert power.cases_needed(delta, discordance, gain) == np.ceil(theirs)
    if not gain:
        assert power.cases_to_find(delta, discordance) == np.ceil(theirs)


@pytest.mark.parametrize("n", [50, 300])
@pytest.mark.parametrize("discordance", [0.16, 0.3])
@pytest.mark.parametrize("alpha", [0.05, 0.05 / 8])
def test_resolvable_is_what_statsmodels_finds_with_power_80(n, discordance, alpha):
    found = power.resolvable(n, discordance, alpha)
    if found <= discordance:
        shift = found / np.sqrt(discordance)
        assert normal_power(shift, n, alpha, alternative="larger") == pytest.approx(0.80, abs=1e-6)


def power_of(n, drop, discordance, alpha):
    """Chance of a significant regression, simulated by the test that the gate uses."""
    worse, better = (max(discordance, drop) + drop) / 2, (max(discordance, drop) - drop) / 2
    drawn = np.random.default_rng(n).multinomial(n, [better, worse, 1 - better - worse], size=20_000)
    tables, counts = np.unique(drawn[:, :2], axis=0, return_counts=True)
    return counts[[mcnemar_midp(int(c), int(b)) <= alpha for b, c in tables]].sum() / counts.sum()


@pytest.mark.parametrize(
    ("n", "discordance", "alpha"),
    [(50, 0.16, 0.05), (200, 0.16, 0.05), (500, 0.16, 0.05), (200, 0.08, 0.05), (300, 0.16, 0.05 / 8)],
)
def test_the_test_of_the_gate_finds_it_four_times_in_five(n, discordance, alpha):
    """The formula is a normal approximation: near .80, as the test is discrete."""
    assert power_of(n, power.resolvable(n, discordance, alpha), discordance, alpha) == pytest.approx(0.80, abs=0.06)


@pytest.mark.parametrize(("n", "discordance", "alpha"), [(25, 0.16, 0.05 / 8), (25, 0.16, 0.05), (40, 0.1, 0.05 / 4)])
def test_beyond_the_discordance_it_is_exact(n, discordance, alpha):
    found = power.resolvable(n, discordance, alpha)
    assert found > discordance
    assert power_of(n, found, discordance, alpha) == pytest.approx(0.80, abs=0.012)


def test_25_cases_under_holm_over_8_count_no_drop_below_28_points():
    assert power.least_drop(25, alpha=0.05 / 8) == 0.28
    assert mcnemar_midp(7, 0) <= 0.05 / 8 < mcnemar_midp(6, 0)
    assert power.resolvable(25, alpha=0.05 / 8) > 0.28


@given(st.integers(1, 3000), st.floats(0.01, 1), st.sampled_from([0.05, 0.01, 0.005]))
def test_more_cases_see_more_and_power_costs(n, discordance, alpha):
    found, least = power.resolvable(n, discordance, alpha), power.least_drop(n, discordance, alpha)
    assert power.resolvable(n + 50, discordance, alpha) <= found
    assert least <= found + 1 / n
    assert found >= power.resolvable(n, discordance, 0.05)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_with_less_than_four_cases_nothing_can_be_significant(n):
    assert power.resolvable(n) == power.least_drop(n) == inf
    assert "can resolve nothing" in power.resolution(n, 0.05)
    assert power.resolvable(4) < 1


def test_models_that_never_disagree_need_as_many_cases_as_tangos_bound_takes():
    n = power.cases_needed(0.03, discordance=1e-6)
    assert tango_bounds(0, 0, n)[0] > -0.03 >= tango_bounds(0, 0, n - 1)[0]
    assert power.measured_discordance(0.0, 300) == pytest.approx(0.0089, abs=1e-4)
    assert power.measured_discordance(0.12, 300) == 0.12


@pytest.mark.parametrize(
    ("n", "delta", "line"),
    [
        (300, 0.03, "300 cases can resolve about 6 points; a 3-point regression needs 1,100"),
        (50, 0.05, "50 cases can resolve about 14 points; a 5-point regression needs 396"),
        (6000, 0.03, "6,000 cases can resolve about 1.3 points; a 3-point regression needs 1,100 (reached)"),
    ],
)
def test_line_for_a_person(n, delta, line):
    assert power.resolution(n, delta) == line


@pytest.mark.parametrize(
    ("b", "c", "n", "delta"), [(9, 9, 100, 0.05), (10, 10, 200, 0.03), (2, 1, 40, 0.05), (0, 0, 30, 0.03)]
)
def test_so_many_cases_settle_the_champion_check_four_times_in_five(b, c, n, delta):
    gain, variance = (b - c) / n, (b + c) / n - ((b - c) / n) ** 2
    assert tango_bounds(b, c, n)[0] <= -delta, "else there is nothing to settle"
    total = n + power.more_for_margin(n, gain, variance, delta)
    drawn = np.random.default_rng(1).multinomial(total, [b / n, c / n, 1 - (b + c) / n], size=3000)
    tables, counts = np.unique(drawn[:, :2], axis=0, return_counts=True)
    passed = [tango_bounds(int(x), int(y), total)[0] > -delta for x, y in tables]
    assert 0.70 <= counts[passed].sum() / 3000 <= (0.87 if b else 1)


@pytest.mark.parametrize(("b", "c", "n"), [(8, 4, 60), (3, 0, 40), (20, 14, 200)])
def test_so_many_cases_settle_the_baseline_check_four_times_in_five(b, c, n):
    gain, variance = (b - c) / n, (b + c) / n - ((b - c) / n) ** 2
    assert mcnemar_midp(b, c) > 0.05
    total = n + power.more_for_gain(n, gain, variance, (b + c) / n)
    drawn = np.random.default_rng(1).multinomial(total, [b / n, c / n, 1 - (b + c) / n], size=3000)
    assert 0.7 <= np.mean([mcnemar_midp(int(x), int(y)) <= 0.05 for x, y, _ in drawn]) <= 0.9 or c == 0


def test_a_model_that_is_behind_is_not_helped_by_cases():
    assert power.more_for_margin(100, -0.06, 0.16, 0.05) is None
    assert power.more_for_gain(100, 0.0, 0.16, 0.16) is None
    assert power.more_for_floor(100, 0.85, 0.78, 0.85) is None


def test_a_perfect_small_set_needs_ten_more_for_a_floor_of_85():
    assert power.more_for_floor(6, 1.0, wilson(6, 6)[0], 0.85) == 10
    assert wilson(16, 16)[0] >= 0.85 > wilson(15, 15)[0]


@given(st.integers(2, 400).flatmap(lambda n: st.tuples(st.integers(1, n), st.just(n))), st.floats(0.1, 0.95))
def test_cases_for_a_floor_are_enough_at_the_share_seen(kn, floor):
    k, n = kn
    lower = wilson(k, n)[0]
    more = power.more_for_floor(n, k / n, lower, floor)
    if k / n <= floor or (k / n - floor) < 0.01:
        return
    assert more >= 1
    if lower < floor:
        assert wilson(k / n * (n + more), n + more)[0] >= floor - 1e-9
