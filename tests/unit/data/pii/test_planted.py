"""Personal data drawn at random, between words of several scripts: cut exactly; what only looks like them stays."""

from __future__ import annotations

import pytest

from bench.personal_data import LANGUAGES, measure


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.name)
def test_of_planted_data_hardly_any_is_missed_and_of_look_alikes_hardly_any_is_cut(language):
    scores = measure(language, 30).values()
    planted, harmless = sum(score.planted for score in scores), sum(score.harmless for score in scores)
    assert sum(score.exact for score in scores) >= 0.99 * planted > 200
    assert sum(score.false for score in scores) <= 0.01 * harmless
