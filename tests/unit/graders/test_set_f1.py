"""set_f1: lists as models write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.grade import case_fault, compile_grader
from tests.unit.graders.one_grade import judge, value


@pytest.mark.parametrize(
    "answer",
    [
        '["red", "green", "blue"]',
        '```json\n["blue", "green", "red", "red"]\n```',
        "blue, red, green",
        "red; green;blue",
        "- red\n- green\n* blue",
        "1. red\n2. green\n3) blue",
        "red、green，blue",
        "red؛ green، blue",
        "red；green；blue",
        "1、red\n2、green\n3、blue",
        "1．red\n２）green\n・ blue",
        "1) red, 2) green, 3) blue",
    ],
)
def test_a_list_is_read_as_models_write_it(answer):
    assert value("set_f1", ["red", "green", "blue"], answer) == 1
    assert value("set_f1", "red, green, blue", answer) == 1


@pytest.mark.parametrize(
    ("expected", "answer", "worth"),
    [
        (["a", "b"], "a", 2 / 3),
        (["a", "b"], "a, c", 0.5),
        (["a"], "b", 0),
        ([1, 2.5, True], "[1.0, 2.5, true]", 1),
        ([1, 2], "1, 2", 1),
        ([1, 2, 3], "1、2、3", 1),
        ([], "[]", 1),
        ([], "a", 0),
        (["a"], "[]", 0),
        (["A"], "a", 0),
        (["a"], '{"a": 1}', 0),
    ],
)
def test_values(expected, answer, worth):
    assert value("set_f1", expected, answer) == pytest.approx(worth)


def test_texts_are_normalised_by_the_options():
    assert (
        value(
            "set_f1",
            ["New York", "Rome"],
            "rome, new  york.",
            ignore_case=True,
            collapse_space=True,
            ignore_punctuation=True,
        )
        == 1
    )


def test_reason_names_what_is_not_found_and_what_is_not_expected():
    reason = judge("set_f1", ["a", "b"], "a, c").reason
    assert reason == 'set_f1 is 0.5000, required 1; not found ["b"]; not expected ["c"]'


@pytest.mark.parametrize("expected", [None, "", " , ", 3, {"a": 1}, [["a"]], [None]])
def test_a_case_that_expects_no_set_is_a_fault(expected):
    why = "no `expected`" if expected is None else "must be a list of texts or numbers"
    assert why in case_fault([compile_grader({"kind": "set_f1"})], Case("a", "q", expected))


items = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=6)


@given(items, items)
def test_f1_by_its_definition(expected, found):
    right = set(expected) & set(found)
    precision, recall = len(right) / len(set(found)), len(right) / len(set(expected))
    f1 = 2 * precision * recall / (precision + recall) if right else 0
    assert value("set_f1", expected, ", ".join(found)) == pytest.approx(f1)
