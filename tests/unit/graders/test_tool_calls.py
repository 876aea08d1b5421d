"""tool_calls: names and arguments, in order or in any."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.grade import Outcome, case_fault, compile_grader, grade_case
from pytest_ftgate.serve.response import Response

A = {"name": "a", "arguments": {"x": 1, "y": ["z"]}}
B = {"name": "b", "arguments": {}}
CALLS = st.lists(st.sampled_from([A, B, {"name": "a", "arguments": {"x": 2}}]), max_size=5)


def judged(expected: object, *calls: dict, text: str = "", **options: object) -> Outcome:
    made = tuple({"name": call["name"], "arguments": written(call["arguments"])} for call in calls)
    case, response = Case("a1", "q", expected), Response("a1", "m", text, tool_calls=made)
    return grade_case([compile_grader({"kind": "tool_calls", **options})], case, response)


def written(arguments: object) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments)


@pytest.mark.parametrize(
    ("expected", "calls", "value"),
    [
        ([A], [A], 1),
        ([A], [{"name": "a", "arguments": '{"y":["z"], "x": 1.0}'}], 1),
        ([{"name": "a"}], [A], 1),
        ([{"name": "a"}], [{"name": "a", "arguments": "{oops"}], 0),
        ([{"name": "a"}], [{"name": "a", "arguments": "[1]"}], 0),
        ([B], [{"name": "b", "arguments": ""}], 1),
        ([A], [{"name": "a", "arguments": {"x": 1}}], 0),
        ([A], [{**A, "name": "b"}], 0),
        ([A, B], [A], 0.5),
        ([A], [A, B], 0.5),
        ([A, B], [B, A], 0),
        ([A], [{"name": "a", "arguments": "{oops"}], 0),
        ([A], [{"name": "a", "arguments": '{"x": 1, "x": 1, "y": ["z"]}'}], 0),
    ],
)
def test_the_share_of_right_calls(expected, calls, value):
    outcome = judged(expected, *calls)
    assert (outcome.value, outcome.passed) == (value, value == 1)


@given(CALLS, st.randoms())
def test_in_any_order_a_shuffle_is_right(calls, draw):
    shuffled = draw.sample(calls, len(calls))
    assert judged(calls, *shuffled, text="ok", any_order=True).passed


@given(CALLS, CALLS)
def test_any_order_is_never_worth_less(expected, found):
    kept, free = judged(expected, *found, text="ok"), judged(expected, *found, text="ok", any_order=True)
    assert 0 <= kept.value <= free.value <= 1
    assert free.passed == (sorted(map(json.dumps, expected)) == sorted(map(json.dumps, found)))


def test_a_call_with_any_arguments_takes_none_that_another_needs():
    assert judged([{"name": "a"}, A], A, {"name": "a", "arguments": {}}, any_order=True).passed


def test_no_call_may_be_what_is_wanted():
    assert judged([], text="Hello!").passed
    assert not judged([], A, text="Hello!").passed


def test_the_reason_shows_both_and_what_is_no_json():
    outcome = judged([A], B)
    assert outcome.reason == (
        'found [{"name": "b", "arguments": {}}], expected [{"name": "a", "arguments": {"x": 1, "y": ["z"]}}]'
    )
    assert judged([A], text="I do not know").reason.startswith("found no tool call, expected [")
    assert "arguments of 'a': found '{oops', not valid JSON" in judged([A], {"name": "a", "arguments": "{oops"}).reason


@pytest.mark.parametrize(
    "expected", [None, "a", {"name": "a"}, [["a"]], [{}], [{"name": "a", "arguments": "{}"}], [{"nam": "a"}]]
)
def test_a_case_that_expects_no_list_of_calls_is_a_fault(expected):
    assert "must be a list of calls such as" in case_fault(
        [compile_grader({"kind": "tool_calls"})], Case("a1", "q", expected)
    )
