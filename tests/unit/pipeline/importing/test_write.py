"""A golden set is written whole, or not at all, and never over anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_ftgate.errors import FtgateError, GoldenError
from pytest_ftgate.pipeline.importing.imported import CaseRow, Imported, Losses
from pytest_ftgate.pipeline.importing.write import write_golden_set
from tests.projects import write

CASE = CaseRow({"input": "a", "expected": "ä\u2028b"}, "other.yaml", 7)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_folder_holds_what_our_reader_reads_again():
    schema = {"kind": "json_schema", "file": "s.json"}
    made = Imported({"description": "x", "grader": [schema]}, [CASE], files={"s.json": "{}"})
    suite = write_golden_set(made, Path("goldens/mine"))
    assert [case.expected for case in suite.cases] == ["ä\u2028b"]
    assert suite.golden.name == "mine"
    assert sorted(path.name for path in Path("goldens/mine").iterdir()) == ["cases.jsonl", "golden.toml", "s.json"]
    assert [path.name for path in Path("goldens").iterdir()] == ["mine"]


@pytest.mark.parametrize("there", ["file", "folder", "link"])
def test_nothing_is_overwritten(there):
    out = Path("mine")
    if there == "link":
        out.symlink_to("nowhere")
    else:
        out.mkdir() if there == "folder" else write(out, "precious")
    with pytest.raises(FtgateError, match="mine exists; nothing is overwritten"):
        write_golden_set(Imported({}, [CASE]), out)
    assert [path.name for path in Path().iterdir()] == ["mine"]


def test_what_our_reader_refuses_is_told_at_its_place_and_nothing_is_written():
    bad = CaseRow({"input": "a", "graders": [{"kind": "contians"}]}, "other.yaml", 9)
    with pytest.raises(GoldenError) as caught:
        write_golden_set(Imported({"gate": {"delta": 2}}, [CASE, bad]), Path("goldens/mine"))
    places = [(fault.path, fault.line) for fault in caught.value.faults]
    assert places == [("goldens/mine/golden.toml", 2), ("other.yaml", 9)]
    assert list(Path("goldens").iterdir()) == []


@pytest.mark.parametrize("row", [{"input": "\ud800"}, {"input": "a", "notes": "\udfff"}])
def test_a_text_that_no_file_holds_is_an_error(row):
    with pytest.raises(FtgateError, match="half a surrogate pair"):
        write_golden_set(Imported({}, [CaseRow(row)]), Path("mine"))
    assert list(Path().iterdir()) == []


def test_a_name_that_no_set_may_have_is_refused():
    with pytest.raises(FtgateError, match="golden set name 'a b' contains ' '"):
        write_golden_set(Imported({}, [CASE]), Path("a b"))


def test_losses_are_one_for_each_reason_with_their_lines():
    losses = Losses()
    for line in range(1, 13):
        losses.add("a.yaml", line, "python", "is a program")
    losses.add("a.yaml", 3, "env", "is not read", cases=0)
    losses.add("a.yaml", 4, "ruby", "is a program", cases=2)
    assert [str(fault) for fault in losses.faults] == [
        "a.yaml:1: python: is a program (12 cases; also lines 2, 3, 4, 5, 6, 7, 8, 9 and 3 more)",
        "a.yaml:3: env: is not read",
        "a.yaml:4: ruby: is a program (2 cases)",
    ]
