"""read_rows: one row at a time, with its line."""

from __future__ import annotations

import pytest

from pytest_ftgate.data.near.rows import read_rows
from pytest_ftgate.errors import LeakageError


def test_rows_have_file_and_line_and_blank_lines_count(tmp_path):
    path = tmp_path / "train.jsonl"
    path.write_text('{"input": "a\u2028b"}\n\n{"input": "c"}', "utf-8")
    rows = list(read_rows(path))
    assert [(row.line, row.data["input"]) for row in rows] == [(1, "a\u2028b"), (3, "c")]
    assert rows[0].path == str(path)


def test_rows_are_read_as_they_are_wanted(tmp_path):
    path = tmp_path / "train.jsonl"
    path.write_text('{"input": "a"}\nbroken\n', "utf-8")
    rows = read_rows(path)
    assert next(rows).data == {"input": "a"}
    with pytest.raises(LeakageError, match=r"train\.jsonl:2: is not valid JSON"):
        next(rows)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xff{}", ":1: is not valid UTF-8"),
        (b"[1]", ":1: is a JSON list, expected an object"),
        (b"[" * 99999, ":1: "),
    ],
)
def test_faults(tmp_path, content, told):
    path = tmp_path / "train.jsonl"
    path.write_bytes(content)
    with pytest.raises(LeakageError, match=told):
        list(read_rows(path))


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(LeakageError, match=r"gone\.jsonl: cannot read training data: No such file"):
        list(read_rows(tmp_path / "gone.jsonl"))


def test_a_byte_order_mark_does_not_hide_the_first_row(tmp_path):
    path = tmp_path / "train.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"input": "a"}\n')
    assert [row.question for row in read_rows(path)] == ["a"]
