"""with_unseen: a name of a column that no row of any file has is no silence."""

from __future__ import annotations

import json

from pytest_ftgate.cli.main import main
from pytest_ftgate.data.readers.reader import read_entries
from pytest_ftgate.data.readers.row import DataRow
from pytest_ftgate.data.readers.unseen import with_unseen
from pytest_ftgate.errors import Fault


def entries(tmp_path, columns, *rows):
    path = tmp_path / "t.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return list(with_unseen(read_entries(path, columns), columns, "here"))


def test_a_name_that_no_row_has_is_a_fault(tmp_path):
    rows = [{"Frage": "q", "answer": "a"}, {"question": "r", "answer": "b", "Gruppe": "g"}]
    columns = {"question": "Frage", "label": "Wanted", "cluster": "Gruppe"}
    *read, fault = entries(tmp_path, columns, *rows)
    assert all(isinstance(row, DataRow) for row in read)
    assert str(fault).startswith("here: no row has 'Wanted', which is to be read as 'label'")


def test_rows_that_cannot_be_read_say_what_is_wrong_by_themselves(tmp_path):
    [fault] = entries(tmp_path, {"question": "Farge"}, {"Frage": "q", "answer": "a"})
    assert isinstance(fault, Fault)
    assert "unknown row format" in str(fault)


def test_the_command_says_so(tmp_path, capsys):
    path = tmp_path / "t.jsonl"
    path.write_text('{"prompt": "q", "completion": "a"}\n', "utf-8")
    assert main(["data", "check", str(path), "--column", "label=Wanted"]) == 1
    assert "no row has 'Wanted', which is to be read as 'label'" in capsys.readouterr().out
