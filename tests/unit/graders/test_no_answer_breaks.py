"""Whatever a model writes, a grader grades it: thoughts are no answers, and nothing makes a grader fail."""

from __future__ import annotations

import json

import pytest

from pytest_ftgate.graders.grade import KINDS, Grade, GraderError, compile_grader
from tests.unit.graders.one_grade import judge, value

SCHEMA = {"type": "object", "properties": {"n": {"multipleOf": 0.01}}, "patternProperties": {"^(a+)+$": {}}}
GRADERS = {
    "exact": ({}, {"label": "spam"}),
    "contains": ({"ignore_case": True, "whole_word": True}, "spam"),
    "contains_all": ({}, ["spam", "ham"]),
    "not_contains": ({"ignore_punctuation": True}, "spam"),
    "starts_with": ({"whole_word": True}, "spam"),
    "regex": ({"pattern": r"^\w+$"}, None),
    "one_of": ({"labels": ["spam", "ham"], "path": "label"}, "spam"),
    "numeric": ({}, 3),
    "json_schema": ({"schema": SCHEMA}, None),
    "json_fields": ({}, {"label": "spam"}),
    "tool_calls": ({}, [{"name": "f", "arguments": {"a": 1}}]),
    "rouge": ({}, "spam and ham"),
    "bleu": ({}, "spam and ham"),
    "chrf": ({}, "spam and ham"),
    "edit_similarity": ({}, "spam and ham"),
    "token_f1": ({}, "spam and ham"),
    "set_f1": ({}, ["spam", "ham"]),
    "length": ({"max_words": 5}, None),
    "refusal": ({}, True),
    "code": ({"language": "python"}, None),
    "sql": ({}, "SELECT 1"),
    "xml": ({}, None),
    "yaml": ({}, None),
    "html": ({}, None),
    "any_of": ({"graders": [{"kind": "exact"}]}, "spam"),
    "all_of": ({"graders": [{"kind": "exact"}]}, "spam"),
    "each_turn": ({"graders": [{"kind": "regex", "pattern": "spam"}]}, None),
    "weighted": ({"graders": [{"kind": "exact"}]}, "spam"),
    "not": ({"grader": {"kind": "exact"}}, "spam"),
}
ELSEWHERE = {"semantic", "judge", "python", "pydantic"}
"""They ask a model or run the user's code."""
ANSWERS = {
    "half a character": "spam \ud800",
    "half a character in JSON": '{"label": "\\ud800"}',
    "nothing but controls": "\x00\x01\x1b[31m\x7f",
    "out of range": "1e400",
    "a long number": "1" * 5000,
    "not a number": "NaN",
    "deep": "[" * 900 + "]" * 900,
    "deeper": "[" * 100_000,
    "a deep object": '{"a":' * 400 + "1" + "}" * 400,
    "keys twice": '{"label": "spam", "label": "ham"}',
    "a decimal": '{"n": 19.99}',
    "slow for a pattern": json.dumps({"a" * 40 + "!": 1}),
    "a fence that never ends": "```json\n{",
    "only fences": "```" * 300,
    "an entity of entities": '<!DOCTYPE a [<!ENTITY b "b"><!ENTITY c "&b;&b;">]><a>&c;</a>',
    "an alias of aliases": "a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]",
    "a bad date": "2026-99-99",
    "only a byte order mark": "\ufeff",
    "only combining marks": "\u0301" * 50,
    "right to left": "\u202espam\u202c",
    "thought alone": "<think>spam",
    "spaces": " \u3000\u2028\n",
}


def test_every_kind_is_tried():
    assert {*GRADERS} | ELSEWHERE == {*KINDS}


@pytest.mark.parametrize("kind", GRADERS)
def test_no_answer_makes_a_grader_fail(kind):
    options, expected = GRADERS[kind]
    outcomes = {name: judge(kind, expected, answer, **options) for name, answer in ANSWERS.items()}
    assert not {name: outcome for name, outcome in outcomes.items() if not isinstance(outcome, Grade)}


THOUGHTS = [
    ("<think>\nA prize: {right}.\n</think>\n\n{right}", 1),
    ("<think>\nPerhaps\n```json\n{right}\n```\nNo, from a friend.\n</think>\n{wrong}", 0),
    ("<think>\nA ```json block is asked for\n</think>\n```json\n{right}\n```", 1),
    ("<think>\n{right}\n</think>\nI cannot say.", 0),
    ("Perhaps\n```json\n{right}\n```\n</think>\n{wrong}", 0),
    ("[THINK]```json\n{right}\n```[/THINK]\n{wrong}", 0),
    ("<|channel|>analysis<|message|>```json\n{right}\n```<|end|><|channel|>final<|message|>{wrong}", 0),
    ("<think>\n```json\n{right}\n```", 0),
]


@pytest.mark.parametrize(("answer", "worth"), THOUGHTS)
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("json_fields", {}),
        ("exact", {}),
        ("one_of", {"labels": ["spam", "ham"], "path": "label"}),
        ("json_schema", {"schema": {"properties": {"label": {"const": "spam"}}}}),
    ],
)
def test_the_json_of_thoughts_is_no_answer(answer, worth, kind, options):
    said = answer.replace("{right}", '{"label": "spam"}').replace("{wrong}", '{"label": "ham"}')
    assert value(kind, {"label": "spam"}, said, **options) == worth


@pytest.mark.parametrize("kind", ["yaml", "xml", "sql", "code"])
def test_the_code_of_thoughts_is_no_answer(kind):
    right = {"yaml": "a: 1", "xml": "<a/>", "sql": "SELECT 1", "code": "x = 1"}[kind]
    tag, options = {"code": ("python", {"language": "python"})}.get(kind, (kind, {}))
    expected = right if kind == "sql" else None
    thought = f"<think>\n```{tag}\n{right}\n```\n</think>\n"
    assert value(kind, expected, f"{thought}```{tag}\na: [\n```", **options) == 0
    assert value(kind, expected, f"<think>\n```{tag}\na: [\n```\n</think>\n```{tag}\n{right}\n```", **options) == 1


def test_a_mark_of_thoughts_inside_a_json_text_is_part_of_it():
    assert value("exact", {"html": "a</think>b"}, '{"html": "a</think>b"}') == 1


@pytest.mark.parametrize(
    "answer",
    [
        '```json\r\n{"a": 1}\r\n```\r\nBye',
        '````json\n{"a": 1}\n````',
        '```json\n{"a": 1}```',
        '~~~\n{"a": 1}\n~~~',
        '\ufeff```json\n{"a": 1}\n```',
    ],
)
def test_a_fence_is_one_whatever_ends_its_lines(answer):
    assert value("exact", {"a": 1}, answer) == 1


@pytest.mark.parametrize(
    ("kind", "expected", "answer", "options"),
    [
        ("exact", "spam", "\ufeffspam", {}),
        ("one_of", "spam", "\ufeffspam", {"labels": ["spam"]}),
        ("regex", None, "\ufeffspam", {"pattern": "spam", "full": True}),
        ("starts_with", "spam", "\ufeffspam", {}),
        ("numeric", 3, "\ufeff3", {}),
        ("token_f1", "spam", "\ufeffspam", {}),
        ("yaml", None, "\ufeffa: 1", {}),
        ("json_fields", {"a": 1}, '\ufeff{"a": 1}', {}),
    ],
)
def test_a_byte_order_mark_is_not_part_of_an_answer(kind, expected, answer, options):
    assert value(kind, expected, answer, **options) == 1


@pytest.mark.parametrize(
    ("expected", "answer", "options", "worth"),
    [
        (["Paris", "City of Paris"], "Paris", {}, 1),
        (["Paris", "City of Paris"], "City of Paris ", {}, 1),
        (["Paris", "City of Paris"], "PARIS", {}, 0),
        (["Paris"], "PARIS", {"ignore_case": True}, 1),
        (["Paris", "City of Paris"], '["Paris", "City of Paris"]', {}, 0),
        ([{"a": 1}, {"a": 2}], '{"a": 2}', {}, 1),
        ([3, "three"], "three", {}, 1),
        ([3, "three"], "3", {}, 1),
    ],
)
def test_one_of_several_answers_is_enough_where_the_set_says_so(expected, answer, options, worth):
    assert value("exact", expected, answer, alternatives=True, **options) == worth


def test_a_list_is_the_answer_where_the_set_does_not_say_so():
    assert value("exact", ["a", "b"], '["a", "b"]') == 1
    assert value("exact", ["a", "b"], "a") == 0


@pytest.mark.parametrize(
    ("expected", "why"), [("Paris", "must be a list"), ([], "must be a list"), (["a", " "], "empty")]
)
def test_what_are_no_alternatives(expected, why):
    assert why in judge("exact", expected, "a", alternatives=True).reason


def test_the_reason_names_all_alternatives():
    reason = judge("exact", ["Paris", "Lutetia"], "Rome", alternatives=True).reason
    assert reason == 'found \'Rome\', expected one of ["Paris", "Lutetia"]'


@pytest.mark.parametrize(
    ("values", "answer", "options", "worth"),
    [
        (["Yes", "No"], "Yes, it does.", {}, 1),
        (["Yes", "No"], "  No.", {}, 1),
        (["Yes", "No"], "Nothing is known.", {}, 1),
        (["Yes", "No"], "Nothing is known.", {"whole_word": True}, 0),
        (["yes"], "Yes.", {}, 0),
        (["yes"], "Yes.", {"ignore_case": True}, 1),
        (["Yes"], "I say: Yes.", {}, 0),
    ],
)
def test_the_beginning_of_an_answer(values, answer, options, worth):
    assert value("starts_with", None, answer, values=values, **options) == worth
    assert value("not_starts_with", None, answer, values=values, **options) == 1 - worth


def test_a_beginning_that_every_answer_has_is_refused():
    with pytest.raises(GraderError, match="would match every answer"):
        compile_grader({"kind": "starts_with", "values": [" "]}).check(None)
