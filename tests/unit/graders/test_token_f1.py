"""token_f1 as SQuAD counts it."""

from __future__ import annotations

import pytest

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.grade import GraderError, compile_grader
from tests.unit.graders.one_grade import value


@pytest.mark.parametrize(
    ("expected", "answer", "worth"),
    [
        ("the Eiffel Tower", "Eiffel tower!", 1),
        ("the Eiffel Tower", "Eiffel Tower, Paris", 0.8),
        ("in 1889", "It was opened in 1889.", 4 / 7),
        ("a a b", "a b b", 2 / 3),
        ("b b c", "b c c", 2 / 3),
        ("Paris", "the", 0),
        ("Paris", "Rome", 0),
        ("Paris", "\u201cParis\u201d\u2026", 1),
        ("北京", "北京。", 1),
        ("北京", "答案是北京。", 4 / 7),
        ("東京タワー", "東京", 4 / 7),
        ("น้ำตก", "น้ำตกใหญ่", 6 / 9),
        ("भारत की राजधानी", "राजधानी।", 1 / 2),
        ("نعم، غدا", "غدا؟", 2 / 3),
        ("서울", "서울!", 1),
    ],
)
def test_values(expected, answer, worth):
    assert value("token_f1", expected, answer) == pytest.approx(worth)


@pytest.mark.parametrize("expected", ["the", "?!", ["Paris", "an"]])
def test_a_text_of_which_nothing_is_left_is_a_fault(expected):
    with pytest.raises(GraderError, match="no word is left of it once normalised"):
        compile_grader({"kind": "token_f1"}).check(Case("a", "q", expected))
