"""How often the champion arm passes: against the design, against simulation, and at its margin."""

import numpy as np
import pytest

from pytest_ftgate.metrics.paired import tango_bounds
from pytest_ftgate.metrics.promotion_probability import passing_chance


@pytest.mark.parametrize(("discordance", "chance"), [(0.10, 0.94), (0.16, 0.80), (0.20, 0.72)])
def test_the_champion_check_alone_as_the_design_says(discordance, chance):
    assert passing_chance(100, 0.05, 0.05, discordance) == pytest.approx(chance, abs=0.006)


@pytest.mark.parametrize(
    ("n", "delta", "gain", "discordance"),
    [
        (40, 0.05, 0.0, 0.16),
        (100, 0.05, -0.05, 0.16),
        (200, 0.03, 0.02, 0.05),
        (300, 0.03, -0.1, 0.02),
        (30, 0.2, 0, 1),
    ],
)
def test_it_is_what_a_simulation_gives(n, delta, gain, discordance):
    rate = max(discordance, abs(gain))
    chances = [(rate + gain) / 2, (rate - gain) / 2, 1 - rate]
    drawn = np.random.default_rng(n).multinomial(n, chances, size=40_000)
    tables, counts = np.unique(drawn[:, :2], axis=0, return_counts=True)
    passed = [b >= c and tango_bounds(int(b), int(c), n)[0] > -delta for b, c in tables]
    assert passing_chance(n, delta, gain, discordance) == pytest.approx(counts[passed].sum() / 40_000, abs=0.01)


def test_at_the_margin_it_is_one_of_twenty_and_rises_with_the_truth():
    chances = [passing_chance(200, 0.03, gain, 0.16) for gain in (-0.05, -0.03, 0.0, 0.03, 0.05, 0.1)]
    assert chances == sorted(chances)
    assert chances[1] <= 0.051
    assert chances[-1] > 0.99


def test_a_set_that_is_too_small_passes_no_equal_model():
    assert passing_chance(20, 0.05, 0.0, 0.01) < 0.05
