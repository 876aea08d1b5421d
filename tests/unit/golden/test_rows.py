"""Rows that keep the schema, the faults of the others, and ids that never depend on the place in the file."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.files.jsonl import parse_lines
from pytest_ftgate.golden.rows import _keeps, _row_faults, id_problem, read_located_rows, read_rows, row_id


def read(*lines: str) -> tuple[list[str], list[str]]:
    rows, faults = read_rows(parse_lines("\n".join(lines), "c.jsonl"), "c.jsonl")
    return [row.id for row in rows], [str(fault) for fault in faults]


# --- ids -------------------------------------------------------------------------------------------------------------


def test_an_own_id_is_the_id() -> None:
    assert row_id({"id": "a1", "input": "x"}) == "a1"


def test_without_an_id_the_content_is_the_id() -> None:
    made = row_id({"input": "x", "expected": "y"})
    assert len(made) == 12
    assert made == row_id({"notes": "n", "slices": {"a": "b"}, "expected": "y", "input": "x"})
    assert len({made, row_id({"input": "x"}), row_id({"input": "x", "expected": "y", "graders": [{}]})}) == 3


@pytest.mark.parametrize("text", ["a1", "a-b_c.d/e", "ü", "1", "a:b", "-x", "日本"])
def test_what_may_be_an_id(text: str) -> None:
    assert id_problem(text) == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("a b", "contains ' '"),
        ("a\n", r"contains '\n'"),
        ("a\u00a0b", r"contains '\xa0'"),
        ("a::b", "contains '::'"),
        ("a[0]", "contains '[', ']'"),
        ("a\x00", r"contains '\x00'"),
        ("a\u200bb", r"contains '\u200b'"),
        ("\ud800", r"contains '\ud800'"),
    ],
)
def test_what_may_not(text: str, said: str) -> None:
    assert id_problem(text) == said
    [fault] = read_rows([(4, {"id": text, "input": ""})], "c.jsonl")[1]
    assert (fault.path, fault.line) == ("c.jsonl", 4)
    assert said in fault.message


# --- faults ----------------------------------------------------------------------------------------------------------


def test_good_rows_stay_when_others_are_faulty() -> None:
    ids, faults = read('{"id": "a", "input": "x"}', "{", '{"id": "b"}', '{"id": "c", "input": 3, "x": 1}', "[]")
    assert ids == ["a"]
    assert [fault.split(": ")[0] for fault in faults] == [
        "c.jsonl:2",
        "c.jsonl:3",
        "c.jsonl:4",
        "c.jsonl:4",
        "c.jsonl:5",
    ]


def test_a_bad_id_hides_no_other_fault_of_its_row() -> None:
    _, faults = read('{"id": "a b", "input": 3}')
    assert len(faults) == 2


def test_an_id_twice_names_both_lines() -> None:
    ids, faults = read('{"id": "a", "input": "x"}', '{"id": "b", "input": "x"}', "", '{"id": "a", "input": "y"}')
    assert faults == ["c.jsonl:4: duplicate id 'a', first used in line 1"]
    assert ids == ["a", "b", "a"]


def test_a_case_twice_without_ids_names_both_lines() -> None:
    _, faults = read('{"input": "x"}', '{"input": "y"}', '{"input": "x", "notes": "again"}')
    assert faults == ["c.jsonl:3: duplicate of the case in line 1; remove one, or add ids"]


def test_rows_of_a_yaml_file_know_the_line_of_each_key() -> None:
    rows, faults = read_located_rows(
        [{"input": "x"}, {"input": "y", "slices": {"a": 1}}, {"id": "a b", "input": "z"}],
        "c.yaml",
        lambda keys: 10 * int(keys[0]) + len(keys),
    )
    assert [row.line for row in rows] == [1]
    assert [(fault.line, fault.path) for fault in faults] == [(13, "c.yaml"), (22, "c.yaml")]


# --- the quick look accepts what jsonschema accepts, and no more ------------------------------------------------------------

KEYS = ["id", "input", "expected", "slices", "must_pass", "cluster", "graders", "notes", "other"]
SCALARS = st.sampled_from(
    [None, True, False, 0, 1, 1.5, "", "a", "a b", "a::b", "x\n", "ü", "1a", "user", "system", "exact"]
)
MESSAGES = st.dictionaries(st.sampled_from(["role", "content", "x"]), SCALARS, max_size=3)
GRADERS = st.dictionaries(st.sampled_from(["kind", "threshold", "x"]), SCALARS, max_size=3)
VALUES = (
    SCALARS
    | st.lists(SCALARS | MESSAGES | GRADERS, max_size=2)
    | st.dictionaries(SCALARS.map(str), SCALARS, max_size=2)
)
FITTING = {
    "id": SCALARS,
    "input": SCALARS | st.lists(MESSAGES, max_size=2) | st.just({"a": 1}),
    "slices": st.dictionaries(SCALARS.map(str), SCALARS, max_size=2),
    "graders": st.lists(GRADERS, max_size=2),
}
ROWS = VALUES | st.fixed_dictionaries(
    {"input": FITTING["input"]}, optional={key: FITTING.get(key, VALUES) for key in KEYS if key != "input"}
)


@given(ROWS)
def test_jsonschema_agrees_with_the_quick_look(row: Any) -> None:
    assert _keeps(row) == (not list(_row_faults(row, "c", lambda _keys: 1)))


@pytest.mark.parametrize(
    "row",
    [
        {
            "id": "a",
            "input": "x",
            "expected": None,
            "slices": {"lang": "en"},
            "must_pass": True,
            "cluster": "c",
            "notes": "",
        },
        {"input": {"text": "x"}, "graders": [{"kind": "exact", "strip": True}]},
        {"input": [{"role": "user", "content": "x"}]},
    ],
)
def test_ordinary_rows_keep_the_schema(row: Any) -> None:
    """Else 100,000 rows would take 20 seconds instead of two."""
    assert _keeps(json.loads(json.dumps(row)))
