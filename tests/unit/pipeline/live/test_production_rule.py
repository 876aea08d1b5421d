"""Production against goldens: the numbers are those of the books, and false alarms are as rare as is said."""

from __future__ import annotations

import numpy as np
import pytest

from pytest_ftgate.pipeline.live.production_rule import Graded, compare


def graded(stratum: str, weight: float, right: int, n: int) -> list[Graded]:
    return [Graded(stratum, weight, float(place < right)) for place in range(n)]


def test_the_score_is_the_stratified_mean_and_the_interval_holds_it():
    """80 of 100 common inputs stand for 900, 5 of 10 rare ones for 100: .9 * .8 + .1 * .5."""
    seen = compare([*graded("common", 9, 80, 100), *graded("rare", 10, 5, 10)], [1.0] * 95 + [0.0] * 5)
    assert seen.score == pytest.approx(0.77)
    variance = 0.9**2 * (81 / 102) * (21 / 102) / 100 + 0.1**2 * 0.5 * 0.5 / 10
    assert (seen.lower, seen.upper) == pytest.approx((0.77 - 1.96 * variance**0.5, 0.77 + 1.96 * variance**0.5))
    assert seen.drop == pytest.approx(0.18)
    assert seen.z == pytest.approx(0.18 / (variance + (96 / 102) * (6 / 102) / 100) ** 0.5)
    assert seen.alarm


@pytest.mark.parametrize(("right", "alarm"), [(100, False), (95, False), (80, False), (60, True)])
def test_it_takes_more_than_five_points_and_more_than_chance(right: int, alarm: bool):
    assert compare(graded("all", 1, right, 100), [1.0] * 90 + [0.0] * 10).alarm is alarm


def test_a_perfect_sample_has_an_interval():
    seen = compare(graded("all", 1, 50, 50), [1.0] * 300)
    assert seen.lower < 0.99
    assert (seen.score, seen.upper, seen.alarm) == (1, 1, False)


@pytest.mark.parametrize("p", [0.8, 0.9, 0.98])
def test_false_alarms_are_rare_and_losses_are_found(p: float):
    rng, shares = np.random.default_rng(1), (0.78, 0.12, 0.08, 0.02)

    def share_of_alarms(in_production: float, reps: int) -> float:
        alarms = 0
        for _ in range(reps):
            found = [
                each
                for place, share in enumerate(shares)
                for each in graded(str(place), share / 50, rng.binomial(50, in_production), 50)
            ]
            right = rng.binomial(300, p)
            alarms += compare(found, [1.0] * right + [0.0] * (300 - right)).alarm
        return alarms / reps

    assert share_of_alarms(p, 600) <= 0.007, "a week; 5 % a year are .001"
    assert share_of_alarms(p - 0.25, 60) >= 0.8


@pytest.mark.parametrize("sides", [([], [1.0]), (graded("a", 1, 1, 1), [])])
def test_nothing_is_no_score(sides: tuple):
    with pytest.raises(ValueError, match="nothing to compare"):
        compare(*sides)
