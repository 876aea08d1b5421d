"""length: what is counted, in every script."""

from __future__ import annotations

import time

import pytest

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.grade import Failure, GraderError, compile_grader, grade_case
from pytest_ftgate.serve.response import Response
from tests.unit.graders.one_grade import judge, value


@pytest.mark.parametrize(
    ("text", "characters", "words", "sentences"),
    [
        ("Paris", 5, 1, 1),
        ("  Paris.\n", 6, 1, 1),
        ("I can't say. Really!", 20, 4, 2),
        ('He said "No." Then he left...', 29, 6, 2),
        ("Über 3,5 Züge", 13, 4, 1),
        ("東京は大きい。人も多い。", 12, 10, 2),
        ("कितने? पाँच।", 12, 2, 2),
        ("A title\n\nA text. v1.2 is out.", 29, 8, 3),
    ],
)
def test_counts(text, characters, words, sentences):
    for unit, count in (("characters", characters), ("words", words), ("sentences", sentences)):
        assert value("length", None, text, **{f"min_{unit}": count, f"max_{unit}": count}) == 1, unit
        assert value("length", None, text, **{f"min_{unit}": count + 1}) == 0, unit
        if count > 1:
            assert value("length", None, text, **{f"max_{unit}": count - 1}) == 0, unit


def test_tokens_are_those_that_the_server_has_counted():
    grader = compile_grader({"kind": "length", "max_tokens": 5})
    for tokens, passed in ((5, True), (6, False)):
        assert grade_case([grader], Case("a", "q"), Response("a", "m", "x", completion_tokens=tokens)).passed is passed
    unknown = grade_case([grader], Case("a", "q"), Response("a", "m", "x"))
    assert isinstance(unknown, Failure)
    assert "the server did not report how many tokens" in unknown.reason


def test_reasons():
    found = judge("length", None, "one two three", max_words=2, min_characters=20)
    assert (
        found.reason == "found 13 characters, expected at least 20; found 3 words, expected at most 2: 'one two three'"
    )
    assert judge("length", None, "one two", max_words=2).reason == "2 words, within the limits"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "no limit: set one or more of min_characters, max_characters"),
        ({"min_words": 3, "max_words": 2}, "min_words is 3, more than max_words, which is 2"),
        ({"min_words": -1}, "min_words must be 0 or more"),
        ({"max_words": 0}, "max_words 1 or more"),
        ({"max_words": 1.5}, "max_words must be a whole number; found 1.5"),
    ],
)
def test_limits_that_cannot_be_meant(options, message):
    with pytest.raises(GraderError, match=message):
        compile_grader({"kind": "length", **options})


@pytest.mark.parametrize("piece", [".", "\n ", ".'", "a'", "\n", "\u6771", ". "])
def test_long_answers_are_counted_in_one_pass(piece):
    begun = time.monotonic()
    judge("length", None, piece * 1_000_000 + "x", max_sentences=1, max_words=1)
    assert time.monotonic() - begun < 60


@pytest.mark.parametrize(
    ("text", "words", "sentences"),
    [
        ("今天很热。", 4, 1),
        ("วันนี้อากาศร้อน", 11, 1),
        ("ថ្ងៃនេះក្តៅ។ ខ្ញុំហត់។", 6, 2),
        ("इसमें छूट है। बढ़िया॥", 4, 2),
        ("هل وصلت؟ نعم۔", 3, 2),
        ("오늘은 덥다.", 2, 1),
        ("פרופ' כהן מצה\u05f4ל", 3, 1),
    ],
)
def test_counts_in_other_scripts(text, words, sentences):
    for unit, count in (("words", words), ("sentences", sentences)):
        assert value("length", None, text, **{f"min_{unit}": count, f"max_{unit}": count}) == 1, unit
