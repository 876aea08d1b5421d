"""edit_similarity by its definition, and with long answers."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_ftgate.graders.grade import Failure
from tests.unit.graders.one_grade import judge, value


def distance(one: str, other: str) -> int:
    """The textbook's, in the plainest form."""
    row = list(range(len(other) + 1))
    for at, char in enumerate(one, 1):
        before, row[0] = row[0], at
        for to, against in enumerate(other, 1):
            before, row[to] = row[to], min(row[to] + 1, row[to - 1] + 1, before + (char != against))
    return row[-1]


words = st.text("abcé", min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(words, words)
def test_values_are_those_of_the_definition(expected, answer):
    share = 1 - distance(expected, answer) / max(len(expected), len(answer))
    assert value("edit_similarity", expected, answer) == pytest.approx(share)


def test_texts_are_normalised_first():
    assert value("edit_similarity", "Straße 1", " STRASSE  1\n", ignore_case=True, collapse_space=True) == 1


def test_texts_of_a_million_characters_end():
    outcome = judge("edit_similarity", "ab" * 2_000_000, "bca" * 2_000_000, timeout_s=0.3)
    assert isinstance(outcome, Failure)
    assert "measuring edit_similarity timed out after 0.3 s" in outcome.reason
