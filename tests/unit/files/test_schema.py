"""Data that breaks a published schema is told in words, each fault with its line."""

from __future__ import annotations

import json
import tomllib
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from pytest_ftgate.files import schema
from pytest_ftgate.files.schema import check, suggestion, toml_line

SCHEMAS = Path(schema.__file__).parent / "schemas"


def faults_of(text: str) -> list[str]:
    return [str(fault) for fault in check(tomllib.loads(text), "golden", "g.toml", partial(toml_line, text))]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[request]\nmax_token = 3",
            "g.toml:2: 'max_token' is not a valid key of [request]; did you mean 'max_tokens'?",
        ),
        (
            "\ndescripton = 'x'",
            "g.toml:2: 'descripton' is not a valid key of the golden set; did you mean 'description'?",
        ),
        ("[request]\nmax_tokens = 0", "g.toml:2: request.max_tokens must be at least 1; found 0"),
        ("[request]\nmax_tokens = true", "g.toml:2: request.max_tokens must be an integer; found true"),
        ("[request]\ntemperature = 3", "g.toml:2: request.temperature must be at most 2; found 3"),
        ("[request]\ntemperature = nan", "g.toml:2: request.temperature is nan; must be finite"),
        ("[request]\ntimeout_s = inf", "g.toml:2: request.timeout_s is inf; must be finite"),
        ("[request]\nrepeats = 1000000000", "g.toml:2: request.repeats must be at most 1000; found 1000000000"),
        ("[request]\ntimeout_s = 1e308", "g.toml:2: request.timeout_s must be at most 86400; found 1e+308"),
        (
            "[request]\n\nseed = 0x1" + "0" * 5000,
            "g.toml:3: request.seed has a number of too many digits; write it as a string",
        ),
        ("[request]\ntimeout_s = 0", "g.toml:2: request.timeout_s must be more than 0; found 0"),
        ("description = 1979-05-27", "g.toml:1: description is a date; write it as a quoted string"),
        ("[request]\nstop = ['']", 'g.toml:2: request.stop[0] must not be empty; found ""'),
        (
            "[request]\n\nchoices = ['a', 'a']",
            'g.toml:3: request.choices must not contain duplicates; found ["a", "a"]',
        ),
        ("request = 3", "g.toml:1: request must be an object; found 3"),
        ("[label]\npath = 'x'", "g.toml:1: [label] needs 'values'; found: path"),
        ("[label]\nvalues = ['a']", 'g.toml:2: label.values needs 2 or more items; found ["a"]'),
        ("[[grader]]\nkind = 'a'\n[[grader]]\nknd = 'b'", "g.toml:3: a grader needs 'kind'; found: knd"),
        ("[[grader]]\nkind = 'a'\nthreshold = 2", "g.toml:3: grader[0].threshold must be at most 1; found 2"),
        ("[gate]\ndelta = 3", "g.toml:2: gate.delta must be less than 1; found 3"),
        ("[[gate.floor]]\nmetric = 'f1'", "g.toml:1: [[gate.floor]] needs 'min' or 'max'; found: metric"),
        (
            "[[gate.floor]]\nmetric = 'f2'\nmin = 0",
            "g.toml:2: gate.floor[0].metric must be one of: accuracy, score, pass_at_k, pass_hat_k, precision, recall, f1, "
            'mcc, p50_ms, p95_ms, p99_ms, cost_per_1k; found "f2"',
        ),
    ],
)
def test_a_fault_of_golden_toml(text: str, said: str) -> None:
    assert faults_of(text) == [said]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({}, "a case needs 'input'; found: nothing"),
        ([], "a case must be an object; found []"),
        ({"input": 3}, "input must be a string or a list or an object; found 3"),
        ({"input": []}, "input needs 1 or more items; found []"),
        (
            {"input": [{"role": "usr", "content": ""}]},
            'input[0].role must be one of: system, user, assistant; found "usr"',
        ),
        ({"input": [{"role": "user"}]}, "a message needs 'content'; found: role"),
        ({"input": "", "slices": {"a": 1}}, "slices.a must be a string; found 1"),
        ({"input": "", "must_pass": "yes"}, 'must_pass must be true or false; found "yes"'),
        ({"input": "", "graders": []}, "graders needs 1 or more items; found []"),
        ({"input": "", "expect": ""}, "'expect' is not a valid key of a case; did you mean 'expected'?"),
        ({"input": "", "expected": {"a": [float("nan")]}}, "expected.a[0] is nan; must be finite"),
        ({"input": "", "expected": {1: 2}}, 'expected.1 is not a string; write the key as "1"'),
        ({"input": "\ud800"}, "input contains an unpaired surrogate"),
    ],
)
def test_a_fault_of_a_case(row: Any, said: str) -> None:
    assert [str(fault) for fault in check(row, "case", "c.jsonl", lambda _keys: 7)] == [f"c.jsonl:7: {said}"]


def test_slice_names_can_stand_in_a_marker() -> None:
    [fault] = check({"input": "", "slices": {"a b": "c"}}, "case", "c", lambda _keys: 7)
    assert "letters, digits and underscores" in fault.message


def test_what_holds_itself_is_a_fault() -> None:
    loop: list[Any] = []
    loop.append(loop)
    [fault] = check({"input": "", "expected": loop}, "case", "c", lambda _keys: 7)
    assert "is circular" in fault.message


def test_all_faults_come_at_once_in_the_order_of_the_file() -> None:
    text = (
        "descr = 1\n[request]\nmax_tokens = 0\nfoo = 1\nbar = 2\n[[gate.floor]]\nmetric = 'f1'\n[prompt]\nsystem = 3\n"
    )
    assert [fault.split(": ")[0] for fault in faults_of(text)] == [f"g.toml:{line}" for line in (1, 3, 4, 5, 6, 9)]


def test_a_sound_file_has_none() -> None:
    assert faults_of("[request]\nmax_tokens = 16\ntemperature = 0.5\n[gate]\n[[grader]]\nkind = 'x'\nown = 1") == []


def test_a_long_value_is_cut() -> None:
    [fault] = faults_of(f"request = '{'x' * 500}'")
    assert len(fault) < 140


def test_suggestion_names_what_is_near_else_everything() -> None:
    assert suggestion("f1_", ["f1", "mcc"]) == "did you mean 'f1'?"
    assert suggestion("zzz", ["mcc", "f1"]) == "known: f1, mcc"


@pytest.mark.parametrize("name", ["golden", "case"])
def test_a_published_schema_is_one_and_describes_every_key(name: str) -> None:
    data = json.loads((SCHEMAS / f"{name}.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(data)
    assert data["$id"] == f"{name}.schema.json"
    bare = [key for key, below in _properties(data) if not {"description", "$ref"} & below.keys()]
    assert bare == []


def _properties(data: Any) -> list[tuple[str, Any]]:
    if isinstance(data, list):
        return [pair for below in data for pair in _properties(below)]
    if not isinstance(data, dict):
        return []
    own = list(data["properties"].items()) if isinstance(data.get("properties"), dict) else []
    return own + [pair for below in data.values() for pair in _properties(below)]


def numbers(part: Any, place: str = "") -> Any:
    """(place, schema) of every number in a schema."""
    if isinstance(part, dict):
        if {"integer", "number"} & set([part["type"]] if isinstance(part.get("type"), str) else part.get("type", [])):
            yield place, part
        for key, below in part.items():
            yield from numbers(below, f"{place}.{key}")


@pytest.mark.parametrize("file", sorted(SCHEMAS.glob("*.json")), ids=lambda file: file.name)
def test_every_number_has_a_least_and_a_greatest_value(file):
    for place, part in numbers(json.loads(file.read_text())):
        assert {"minimum", "exclusiveMinimum"} & set(part), place
        assert {"maximum", "exclusiveMaximum"} & set(part), place
