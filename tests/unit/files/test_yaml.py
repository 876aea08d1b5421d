"""YAML with JSON's scalars and the line of every key."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_ftgate.errors import FileFaults
from pytest_ftgate.files.yaml import Tagged, read_tagged_yaml, read_yaml


def read(tmp_path: Path, text: str) -> object:
    path = tmp_path / "a.yaml"
    path.write_text(text, "utf-8")
    return read_yaml(path)[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("2020-01-01", "2020-01-01"),
        ("010", "010"),
        ("0x1f", "0x1f"),
        ("1_000", "1_000"),
        (".nan", ".nan"),
        ("True", "True"),
        ("true", True),
        ("null", None),
        ("~", None),
        ("-12", -12),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("'1'", "1"),
        ("|\n  two\n  lines\n", "two\nlines\n"),
    ],
)
def test_scalars_are_read_as_in_json(tmp_path: Path, text: str, value: object) -> None:
    found = read(tmp_path, f"a: {text}")
    assert found == {"a": value}
    assert type(found["a"]) is type(value)  # type: ignore[index]


PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="\x7f\x85\xa0"), max_size=9)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | PRINTABLE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PRINTABLE, inner, max_size=3),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(VALUES)
def test_json_is_read_as_json(tmp_path: Path, value: object) -> None:
    assert read(tmp_path, json.dumps({"a": value}, indent=1)) == {"a": value}


def test_the_line_of_every_key(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("# cases\nx:\n  y: 1\ncases:\n- input: a\n  slices:\n    lang: en\n- {input: b}\n", "utf-8")
    assert read_yaml(path)[1] == {
        (): 2,
        ("x",): 2,
        ("x", "y"): 3,
        ("cases",): 4,
        ("cases", 0): 5,
        ("cases", 0, "input"): 5,
        ("cases", 0, "slices"): 6,
        ("cases", 0, "slices", "lang"): 7,
        ("cases", 1): 8,
        ("cases", 1, "input"): 8,
    }


def test_an_empty_file_is_none(tmp_path: Path) -> None:
    assert read(tmp_path, "# nothing\n") is None


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a: 1\nb: [1\nc: 2\n", 3, "is not valid YAML"),
        ("a: 1\nb: 2\na: 3\n", 3, "duplicate key 'a'"),
        ("a: 1\n---\nb: 2\n", 2, "another document"),
        ("a: !!python/object:os.system x", 1, "could not determine a constructor"),
        ("a: &x [*x]", 1, "circular"),
        ("a: \x01", 0, "is not valid YAML"),
    ],
)
def test_what_is_no_yaml_is_told_with_its_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    with pytest.raises(FileFaults) as caught:
        read(tmp_path, text)
    [fault] = caught.value.faults
    assert (fault.line, said in fault.message) == (line, True), fault


def laughs(*lines: str) -> str:
    return "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}' if i else 'lol'] * 9)}]\n" for i in range(10)) + "\n".join(
        lines
    )


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        (laughs("cases:", "- {id: a, input: x, expected: y}"), None, "aliases stand for too many values"),
        (laughs("? *a9", ": x"), None, "aliases stand for too many values"),
        ("- 1\n- !!int 'x'", 2, "cannot read the value as int: "),
        ("- 1\n- {id: a, input: !!bool maybe}", 2, "cannot read the value as bool: "),
        ("- !!float x", 1, "cannot read the value as float: "),
        ("- !!timestamp x", 1, "cannot read the value as timestamp: "),
        ("- !!binary é", 1, "is not valid YAML: failed to convert base64 data"),
        ("- !!python/object/apply:os.system [ls]", 1, "is not valid YAML: could not determine a constructor"),
        ("- 1\n- " + "9" * 5000, 2, "cannot read the value as int: "),
        ("a: 1\nb: " + "[" * 3000 + "]" * 3000, 2, "nest"),
        ("a: 1\nb: " + "{a: " * 3000 + "1" + "}" * 3000, 2, "nest"),
        ("".join(" " * i + "a:\n" for i in range(3000)), None, "nest"),
    ],
)
def test_what_would_take_the_memory_or_raise_is_a_fault_with_its_line(tmp_path, text, line, told):
    with pytest.raises(FileFaults) as error:
        read(tmp_path, text)
    (fault,) = error.value.faults
    assert told in str(fault)
    assert line is None or fault.line == line
    assert len(str(fault)) < 400


def test_aliases_of_ordinary_use_are_read(tmp_path):
    assert read(tmp_path, "a: &a {x: [1, 2]}\nb: [*a, *a]") == {"a": {"x": [1, 2]}, "b": [{"x": [1, 2]}] * 2}


def test_the_core_schema_reads_more_than_json(tmp_path):
    text = "[True, FALSE, Null, .5, 5., +1, 007, 0x1f, 0o17, 1e3, yes, no, 12:30, 1_000, 0b1, '1', !!int 08]"
    file = tmp_path / "core.yaml"
    file.write_text(text)
    values = [True, False, None, 0.5, 5.0, 1, 7, 31, 15, 1000.0, "yes", "no", "12:30", "1_000", "0b1", "1", 8]
    assert read_yaml(file, core=True)[0] == values
    assert read(tmp_path, "[True, .5, 007]") == ["True", ".5", "007"]


def test_tags_of_other_programs_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "t.yaml"
    file.write_text("a: !function utils.text\nb: True\nc: !x [1]\n")
    data, lines = read_tagged_yaml(file)
    assert data == {"a": Tagged("!function", "utils.text"), "b": True, "c": Tagged("!x", "sequence")}
    assert lines["a",] == 1
