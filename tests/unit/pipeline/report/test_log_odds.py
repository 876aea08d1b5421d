"""Words that failing texts share: against statsmodels, and on texts whose culprit is known."""

from __future__ import annotations

import random

import pytest
from statsmodels.stats.contingency_tables import Table2x2

from pytest_ftgate.pipeline.report.log_odds import log_odds_ratio, shared_words


@pytest.mark.parametrize(("a", "n", "b", "m"), [(3, 10, 7, 90), (0, 5, 9, 20), (5, 5, 0, 300), (1, 1, 1, 1)])
def test_the_log_odds_are_those_of_a_table_with_a_half_added(a, n, b, m):
    table = Table2x2([[a + 0.5, n - a + 0.5], [b + 0.5, m - b + 0.5]])
    assert log_odds_ratio(a, n, b, m) == pytest.approx((table.log_oddsratio, table.log_oddsratio_se))


def test_the_word_that_breaks_texts_comes_first():
    rng = random.Random(1)
    common = [f"word{k}" for k in range(40)]
    others = [" ".join(rng.choices(common, k=12)) for _ in range(200)]
    failing = [" ".join([*rng.choices(common, k=11), "Voucher!" if k % 3 else "voucher"]) for k in range(20)]
    found = shared_words(failing, others)
    assert found[0].word == "voucher"
    assert (found[0].failing, found[0].failing_texts, found[0].others, found[0].other_texts) == (20, 20, 0, 200)
    assert str(found[0]) == "voucher (20 of 20, elsewhere 0 of 200)"
    assert [word.z for word in found] == sorted((word.z for word in found), reverse=True)


def test_a_word_counts_once_in_a_text_and_one_text_is_no_pattern():
    assert shared_words(["free free free free", "other"], ["nothing here"] * 50) == ()
    assert [word.word for word in shared_words(["free", "free"], ["nothing"] * 50)] == ["free"]


def test_words_of_other_texts_are_not_told():
    assert not shared_words(["the cat", "the dog"], ["the cow", "the hen", "the rat"])


def test_without_texts_on_both_sides_there_is_nothing_to_compare():
    assert shared_words([], ["a"]) == shared_words(["a", "a"], []) == ()


def test_words_that_fail_by_chance_are_few():
    """At z = 1.645 about one word in twenty passes; the list is ranked, it is no test."""
    rng = random.Random(7)
    common = [f"word{k}" for k in range(100)]
    texts = [" ".join(rng.choices(common, k=15)) for _ in range(300)]
    found = shared_words(texts[:60], texts[60:], most=100)
    assert len(found) <= 12
