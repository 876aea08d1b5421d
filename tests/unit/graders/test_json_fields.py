"""json_fields: each field on its own."""

from __future__ import annotations

import pytest

from pytest_ftgate.graders.grade import Failure, GraderError, compile_grader
from tests.unit.graders.one_grade import judge, value


@pytest.mark.parametrize(
    ("expected", "answer", "options", "worth"),
    [
        ({"a": 1, "b": "x"}, '{"b": "x", "a": 1}', {}, 1),
        ({"a": 1, "b": "x"}, '{"a": 1, "b": "y"}', {}, 0.5),
        ({"a": 1, "b": "x"}, '{"a": 1}', {}, 0.5),
        ({"a": 1}, '{"a": 1, "more": 2}', {}, 1),
        ({"a": 1}, '{"a": true}', {}, 0),
        ({"a": None}, "{}", {}, 0),
        ({"a": None}, '{"a": null}', {}, 1),
        ({"a": 1, "b": 2}, '{"a": 1, "b": 3}', {"fields": ["a"]}, 1),
        ({"a": {"b": [5]}}, '{"a": {"b": [5, 6]}}', {"fields": ["a.b.0"]}, 1),
        ({"a.b": 1}, '{"a.b": 1}', {}, 1),
        ({"p": 1.0}, '{"p": 1.1}', {"tolerance": 0.1}, 1),
        ({"p": 1.0}, '{"p": 1.2}', {"tolerance": 0.1}, 0),
        ({"p": [1.0]}, '{"p": [1.05]}', {"tolerance": 0.1}, 1),
        ({"a": 1}, "not JSON", {}, 0),
        ({"a": 1}, "[1]", {}, 0),
    ],
)
def test_share_of_fields(expected, answer, options, worth):
    outcome = judge("json_fields", expected, answer, **options)
    assert outcome.value == worth
    assert outcome.passed is (worth == 1)


def test_reason_names_each_wrong_field():
    reason = judge("json_fields", {"a": 1, "b": "x", "c": 0}, '{"a": 1, "b": "y"}').reason
    assert reason == (
        '1 of 3 fields correct: b: found \'y\', expected \'x\'; c not found in {"a": 1, "b": "y"}, expected 0'
    )


@pytest.mark.parametrize("expected", [None, "spam", {}, [1], {"b": 1}])
def test_a_case_without_the_fields_is_a_failure(expected):
    assert isinstance(judge("json_fields", expected, '{"a": 1}', fields=["a"]), Failure)


@pytest.mark.parametrize("bad", [{"fields": ["a", "a"]}, {"fields": [""]}, {"fields": "a"}, {"tolerance": -1}])
def test_bad_options(bad):
    with pytest.raises(GraderError, match=next(iter(bad))):
        compile_grader({"kind": "json_fields", **bad})


def test_partial_values_can_pass_by_threshold():
    assert judge("json_fields", {"a": 1, "b": 2}, '{"a": 1}', threshold=0.5).passed
    assert value("json_fields", {"a": 1, "b": 2}, '{"a": 1}', threshold=0.5) == 0.5
