"""regex: matches, and a pattern that would run for ever is stopped."""

from __future__ import annotations

import time

import pytest

from pytest_ftgate.graders.grade import Failure, GraderError, compile_grader
from tests.unit.graders.one_grade import judge, value


@pytest.mark.parametrize(
    ("pattern", "answer", "options", "worth"),
    [
        (r"\d{3}", "call 123 now", {}, 1),
        (r"\d{3}", "call 12 now", {}, 0),
        (r"\d{3}", "call 123 now", {"full": True}, 0),
        (r"\d{3}", " 123\n", {"full": True}, 1),
        ("SPAM", "spam", {}, 0),
        ("SPAM", "spam", {"ignore_case": True}, 1),
    ],
)
def test_pattern(pattern, answer, options, worth):
    assert value("regex", None, answer, pattern=pattern, **options) == worth
    assert value("regex", pattern, answer, **options) == worth


@pytest.mark.parametrize("pattern", [r"(a|aa)+$", r"(.*a){25}$"])
def test_a_catastrophic_pattern_is_a_failure_within_its_limit(pattern):
    begun = time.monotonic()
    outcome = judge("regex", None, "a" * 200 + "!", pattern=pattern, timeout_s=0.2)
    assert time.monotonic() - begun < 60, "it would take longer than the world is old"
    assert isinstance(outcome, Failure)
    assert "timed out after 0.2 s" in outcome.reason


def test_a_bad_pattern_is_told_when_it_is_compiled():
    with pytest.raises(GraderError, match=r"'\(': missing \) at position 1"):
        compile_grader({"kind": "regex", "pattern": "("})


@pytest.mark.parametrize("limit", [0, -1])
def test_time_limit_must_be_positive(limit):
    with pytest.raises(GraderError, match="timeout_s"):
        compile_grader({"kind": "regex", "pattern": "a", "timeout_s": limit})


@pytest.mark.parametrize("expected", [None, "", 3, "("])
def test_a_case_without_a_pattern_is_a_failure(expected):
    assert isinstance(judge("regex", expected, "answer"), Failure)


def test_reason_shows_both():
    assert judge("regex", None, "ab", pattern="c").reason == "found 'ab', expected a match of 'c'"


def test_a_pattern_that_takes_all_memory_to_compile_is_told():
    with pytest.raises(GraderError, match=r"compiling .* timed out after 5 s|ended the process"):
        compile_grader({"kind": "regex", "pattern": "((a{1000}){1000}){1000}"})
    assert compile_grader({"kind": "regex", "pattern": r"\d{1,3}-\d{2}"})
