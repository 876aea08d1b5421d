"""What a set can resolve, and how many more cases would settle a hold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.metrics import power
from pytest_ftgate.metrics.intervals import wilson
from pytest_ftgate.metrics.paired import mcnemar_midp, tango_bounds


@pytest.mark.parametrize(("n", "least"), [(50, 0.141), (100, 0.099), (200, 0.070), (500, 0.044)])
def test_least_difference_that_a_set_resolves(n, least):
    assert power.resolvable(n) == pytest.approx(least, abs=0.0006)


def test_cases_needed():
    assert power.cases_needed(0.05) == 396
    assert power.cases_needed(0.05, gain=0.05) == 98
    assert power.cases_needed(0.03) == 1100


@pytest.mark.parametrize(
    ("n", "delta", "line"),
    [
        (300, 0.03, "300 cases can resolve about 6 points; a 3-point regression needs 1,100"),
        (50, 0.05, "50 cases can resolve about 14 points; a 5-point regression needs 396"),
        (6000, 0.03, "6,000 cases can resolve about 1.3 points; a 3-point regression needs 1,100, which it has"),
    ],
)
def test_line_for_a_person(n, delta, line):
    assert power.resolution(n, delta) == line


@pytest.mark.parametrize(
    ("b", "c", "n", "delta"), [(9, 9, 100, 0.05), (10, 10, 200, 0.03), (2, 1, 40, 0.05), (0, 0, 30, 0.03)]
)
def test_so_many_cases_settle_the_champion_arm_four_times_in_five(b, c, n, delta):
    gain, variance = (b - c) / n, (b + c) / n - ((b - c) / n) ** 2
    assert tango_bounds(b, c, n)[0] <= -delta, "else there is nothing to settle"
    total = n + power.more_for_margin(n, gain, variance, delta)
    drawn = np.random.default_rng(1).multinomial(total, [b / n, c / n, 1 - (b + c) / n], size=3000)
    tables, counts = np.unique(drawn[:, :2], axis=0, return_counts=True)
    passed = [tango_bounds(int(x), int(y), total)[0] > -delta for x, y in tables]
    assert 0.70 <= counts[passed].sum() / 3000 <= (0.87 if b else 1)


@pytest.mark.parametrize(("b", "c", "n"), [(8, 4, 60), (3, 0, 40), (20, 14, 200)])
def test_so_many_cases_settle_the_baseline_arm_four_times_in_five(b, c, n):
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
