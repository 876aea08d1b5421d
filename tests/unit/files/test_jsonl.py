"""One strict JSON value a line."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.errors import Fault
from pytest_ftgate.files.jsonl import parse_lines

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(JSON, max_size=5), st.booleans(), st.sampled_from(["\n", "\r\n", "\n\n", "\n \t\n"]))
def test_what_json_writes_is_read_back(values: list[object], escape: bool, end: str) -> None:
    text = end.join(json.dumps(value, ensure_ascii=escape) for value in values)
    assert [entry[1] for entry in parse_lines(text, "x") if isinstance(entry, tuple)] == values


def test_lines_are_counted_as_editors_do() -> None:
    assert list(parse_lines('1\r\n\n"a\u2028b\x85"\n3\n', "x")) == [(1, 1), (3, "a\u2028b\x85"), (4, 3)]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"a": 1', "is not valid JSON: Expecting ',' delimiter (column 8)"),
        ("{'a': 1}", "is not valid JSON: Expecting property name enclosed in double quotes (column 2)"),
        ('{"a": NaN}', "is not valid JSON: NaN is not valid JSON; use null, or omit the key"),
        ('{"a": -Infinity}', "is not valid JSON: -Infinity is not valid JSON; use null, or omit the key"),
        ('{"a": 1e999}', "is not valid JSON: 1e999 is out of range"),
        ('{"a": 1, "b": 2, "a": 3}', "is not valid JSON: duplicate key 'a'"),
        (r'{"a": "\ud83d"}', r"contains an unpaired surrogate (\ud800 to \udfff)"),
        ("[" * 100_000, "is nested too deeply"),
        ('{"a": 1} {"b": 2}', "is not valid JSON: Extra data (column 10)"),
        ("9" * 5000, "has a number of too many digits"),
    ],
)
def test_a_line_that_is_not_strict_json(line: str, said: str) -> None:
    one, bad, three = parse_lines(f"1\n{line}\n3", "c.jsonl")
    assert (one, three) == ((1, 1), (3, 3))
    assert isinstance(bad, Fault)
    assert str(bad).startswith(f"c.jsonl:2: {said}")


def test_a_whole_surrogate_pair_is_a_character() -> None:
    assert list(parse_lines(r'"\ud83d\ude00"', "x")) == [(1, "😀")]
