"""Sequences of words, and the longest run that two texts share."""

from __future__ import annotations

from pytest_ftgate.data.near.word_runs import longest_common, word_grams


def test_every_sequence_of_a_size_in_order() -> None:
    assert list(word_grams(("a", "b", "c"), 2)) == [("a", "b"), ("b", "c")]
    assert list(word_grams(("a", "b"), 3)) == []


def test_the_longest_run_of_words_in_both() -> None:
    assert longest_common(("a", "b", "c", "d"), ("x", "b", "c", "a")) == ("b", "c")
    assert longest_common(("a",), ("b",)) == ()
