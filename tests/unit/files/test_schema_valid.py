"""The quick look at settings: jsonschema-rs accepts what jsonschema accepts, and no more."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.files.schema import _validator, check
from pytest_ftgate.files.schema_valid import keeps, load

VALUES = st.sampled_from(
    [None, True, False, 0, 1, -1, 0.5, 1.0, 2, 3.5, 16, "", "spam", "f1", "accuracy", "exact", [], ["a"], ["a", "a"]]
)


def keys_of(schema: dict[str, Any]) -> st.SearchStrategy[str]:
    return st.sampled_from([*schema["properties"], "unknown"])


def table(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    return st.dictionaries(keys_of(schema), VALUES, max_size=4)


def settings_of(name: str) -> st.SearchStrategy[Any]:
    schema = load(f"{name}.schema.json")
    below = [table(part) for part in schema["properties"].values() if "properties" in part]
    graders = st.lists(st.dictionaries(st.sampled_from(["kind", "threshold", "x"]), VALUES), max_size=2)
    floors = st.lists(st.dictionaries(st.sampled_from(["metric", "min", "max", "average", "positive"]), VALUES))
    gate = st.fixed_dictionaries({"floor": floors})
    return st.dictionaries(keys_of(schema), VALUES | st.one_of(below) | graders | gate, max_size=4) | VALUES


@given(settings_of("golden"))
def test_both_accept_the_same_golden_settings(data):
    assert keeps(data, "golden") == _validator("golden").is_valid(data), data


@given(settings_of("pipeline"))
def test_both_accept_the_same_pipelines(data):
    assert keeps(data, "pipeline") == _validator("pipeline").is_valid(data), data


FULL = {
    "description": "spam",
    "prompt": {"system": "be brief", "template": "Message: {{ text }}"},
    "request": {"max_tokens": 16, "temperature": 0.5, "stop": ["x"], "choices": ["a", "b"], "timeout_s": 5},
    "grader": [{"kind": "json_fields", "fields": ["label"], "threshold": 0.5}],
    "label": {"path": "label", "values": ["spam", "ham"]},
    "gate": {"delta": 0.03, "floor": [{"metric": "f1", "positive": "spam", "min": 0.85}]},
}


def test_usual_settings_keep_the_schema():
    assert keeps(FULL, "golden")
    assert keeps({}, "golden")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("description", 3),
        ("request", {"max_token": 3}),
        ("request", {"max_tokens": 0}),
        ("request", {"max_tokens": True}),
        ("request", {"temperature": 2.5}),
        ("request", {"choices": ["a", "a"]}),
        ("grader", [{"threshold": 1}]),
        ("label", {"path": "label"}),
        ("gate", {"floor": [{"metric": "f2", "min": 0.5}]}),
        ("gate", {"delta": 1}),
    ],
)
def test_a_fault_is_seen(key, value):
    assert not keeps(FULL | {key: value}, "golden")


@pytest.mark.parametrize("odd", [object(), {1, 2}, b"x", float("nan"), "\ud800", (1,)])
def test_what_json_cannot_hold_is_a_fault_and_no_crash(odd):
    keeps({"request": {"max_tokens": odd}}, "golden")
    assert check({"request": {"max_tokens": odd}}, "golden", "g", lambda _keys: 1)


def test_sound_settings_do_not_import_jsonschema(tmp_path):
    (tmp_path / "golden.toml").write_text("[request]\nmax_tokens = 16\n", encoding="utf-8")
    (tmp_path / "cases.jsonl").write_text('{"input": "a", "expected": "b"}\n', encoding="utf-8")
    code = (
        "import sys, pathlib\n"
        "from pytest_ftgate.evaluate.suite import load_suite\n"
        f"load_suite(pathlib.Path({str(tmp_path)!r}))\n"
        "assert 'jsonschema' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
