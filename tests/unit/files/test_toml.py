"""TOML with the line of every key."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.errors import FileFaults
from pytest_ftgate.files.toml import read_toml, toml_line

TEXT = '''\
title = "x"
"odd key" = 1
a.b = 2

[request]  # max_tokens = 9
text = """
max_tokens = 7
[label]
\\""" still
"""
max_tokens = 16
other = \'\'\'one\'\'\'
stop = [
  "a = b",
  "c",
]

[[gate.floor]]
metric = "f1"
[[gate.floor]]
metric = "mcc"
  min = 0.5
[gate.floor.sub]
deep = 1
[ label ]
values = ["x"]
'''


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (("title",), 1),
        (("odd key",), 2),
        (("a", "b"), 3),
        (("a",), 3),
        (("request",), 5),
        (("request", "text"), 6),
        (("request", "max_tokens"), 11),
        (("request", "other"), 12),
        (("request", "stop", 1), 13),
        (("gate",), 18),
        (("gate", "floor"), 18),
        (("gate", "floor", 0), 18),
        (("gate", "floor", 0, "metric"), 19),
        (("gate", "floor", 1), 20),
        (("gate", "floor", 1, "min"), 22),
        (("gate", "floor", 1, "sub", "deep"), 24),
        (("gate", "floor", 0, "min"), 18),
        (("label", "values"), 26),
        (("label", "path"), 25),
        (("none",), 0),
    ],
)
def test_where_a_key_stands(keys: tuple[str | int, ...], line: int) -> None:
    tomllib.loads(TEXT)
    assert toml_line(TEXT, keys) == line


BARE = st.from_regex(r"[a-z][a-z0-9_]{0,5}", fullmatch=True)


@given(st.dictionaries(BARE, st.dictionaries(BARE, st.text(max_size=9), max_size=4), max_size=4))
def test_every_key_of_any_two_level_file_is_found(data: dict[str, dict[str, str]]) -> None:
    lines: list[str] = []
    want = {}
    for table, keys in data.items():
        lines.append(f"[{table}]")
        want[(table,)] = len(lines)
        for key, value in keys.items():
            literal = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
            lines.append(f"{key} = {literal}")
            want[(table, key)] = len(lines)
    text = "\n".join(lines)
    tomllib.loads(text)
    assert {keys: toml_line(text, keys) for keys in want} == want


def test_data_and_text_come_back(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("a = 1\n", "utf-8")
    assert read_toml(tmp_path / "a.toml") == ({"a": 1}, "a = 1\n")


@pytest.mark.parametrize(
    ("text", "line"), [("a = 1\nb = \n", 2), ("a = 1\na = 2\n", 2), ("[x\n", 1), ('a = 1\nb = """x\n\n', 2)]
)
def test_what_is_no_toml_is_told_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    (tmp_path / "a.toml").write_text(text, "utf-8")
    with pytest.raises(FileFaults) as caught:
        read_toml(tmp_path / "a.toml")
    [fault] = caught.value.faults
    assert fault.line == line
    assert fault.message.startswith("is not valid TOML: ")


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("a = 1\nb = " + "9" * 5000, 2, "has a number of too many digits"),
        ("a = '['\n\nx = " + "[" * 3000 + "]" * 3000, 3, "is nested too deeply"),
        ("a = 1\nx = " + "{a = " * 3000 + "1" + "}" * 3000, 2, "is nested too deeply"),
    ],
)
def test_what_python_cannot_hold_is_a_fault_with_its_line(tmp_path, text, line, told):
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(FileFaults) as error:
        read_toml(tmp_path / "a.toml")
    (fault,) = error.value.faults
    assert (fault.line, told in fault.message) == (line, True)


def test_a_key_of_many_dots_is_looked_for_in_bounded_time():
    assert toml_line("a = 1\n" + ".".join("b" * 30_000) + " = 1", ("b", "b")) == 2
