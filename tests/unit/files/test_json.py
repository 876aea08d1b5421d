"""JSON files are read strictly, and every key has its line."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_ftgate.errors import FileFaults
from pytest_ftgate.files.json import read_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.text(),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(), below, max_size=4),
    max_leaves=20,
)


@pytest.fixture
def fault(tmp_path, monkeypatch):
    """fault(text) -> [(line, message)] of a file."""
    monkeypatch.chdir(tmp_path)

    def read(text: str | bytes) -> list[tuple[int, str]]:
        (tmp_path / "x.json").write_bytes(text.encode() if isinstance(text, str) else text)
        with pytest.raises(FileFaults) as raised:
            read_json(tmp_path / "x.json")
        return [(each.line, each.message) for each in raised.value.faults]

    return read


def test_each_key_and_element_has_its_line(tmp_path):
    file = tmp_path / "x.json"
    file.write_text('{\n "a": 1, "b": [\n  {"c": "}\\"\\\\"},\n  [2,\n   3]\n ],\n "d": {}\n}\n')
    data, lines = read_json(file)
    assert data == {"a": 1, "b": [{"c": '}"\\'}, [2, 3]], "d": {}}
    assert lines == {
        (): 1,
        ("a",): 2,
        ("b",): 2,
        ("b", 0): 3,
        ("b", 0, "c"): 3,
        ("b", 1): 4,
        ("b", 1, 0): 4,
        ("b", 1, 1): 5,
        ("d",): 7,
    }


def _ways(value, way=()):
    yield way
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in pairs:
        yield from _ways(below, (*way, key))


@settings(max_examples=200, derandomize=True, deadline=None)
@given(VALUES, st.sampled_from([None, 1]))
def test_whatever_json_writes_is_read_back_with_a_line_for_each_way(tmp_path_factory, value, indent):
    file = tmp_path_factory.mktemp("json") / "x.json"
    text = json.dumps(value, indent=indent)
    file.write_text(text)
    data, lines = read_json(file)
    assert data == value
    assert set(lines) == set(_ways(value))
    assert max(lines.values()) <= text.count("\n") + 1


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", 1, "is not valid JSON"),
        ('[\n{"a": 1}\n{"b": 2}]', 3, "is not valid JSON"),
        ('[\n{"a": 1,\n "a": 2}]', 3, "duplicate key 'a'"),
        ("[1,\n NaN]", 2, "NaN is not valid JSON"),
        ("[1,\n 1e999]", 2, "out of range"),
        ('[1,\n "\\ud800"]', 2, "unpaired surrogate"),
        ("[" * 100_000, 1, "is nested too deeply"),
        ("[\n" + "9" * 5000 + "]", 2, "too many digits"),
        (b"\xef\xbb\xbf[]", 1, "byte order mark"),
        (b'["\xff"]', 1, "is not valid UTF-8"),
    ],
)
def test_a_fault_has_its_line(fault, text, line, said):
    found = fault(text)
    assert [each[0] for each in found] == [line]
    assert said in found[0][1]
