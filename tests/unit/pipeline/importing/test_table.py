"""Rows of any file by a mapping of their columns, nested ones of other tools' exports too."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_ftgate.errors import FileFaults, FtgateError
from pytest_ftgate.pipeline.importing.table import mapping_of, read_table
from pytest_ftgate.pipeline.importing.write import write_golden_set
from tests.projects import write, write_rows

LANGSMITH = [
    {"inputs": {"question": "2+2?"}, "outputs": {"answer": "4"}, "metadata": {"lang": "en"}, "created_at": "x"},
    {"inputs": {"question": "3+2?"}, "outputs": {"answer": {"n": 5}}, "metadata": {"lang": ["de"]}},
    {"inputs": {"question": "3+2?"}, "outputs": {"answer": {"n": 5}}},
    {"inputs": {"question": ""}},
]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(file: Path, mapping: str):
    return read_table(file, mapping_of(mapping))


def test_nested_columns_are_dotted_paths():
    mapping = "input=inputs.question,expected=outputs.answer,slice.lang=metadata.lang"
    made = read(write_rows(Path("e.jsonl"), LANGSMITH), mapping)
    assert [row.data for row in made.cases] == [
        {"input": "2+2?", "expected": "4", "slices": {"lang": "en"}},
        {"input": "3+2?", "expected": {"n": 5}},
    ]
    assert [(fault.line, fault.message) for fault in made.lost] == [
        (2, "metadata.lang: a slice has one value, a text; this is none (1 case)"),
        (3, "row: asks and expects the same as line 2; left out (1 case)"),
        (4, "row: has no 'inputs.question', so that nothing can be asked (1 case)"),
    ]
    assert made.notes == ["columns that --map does not name are left behind: created_at"]


def test_cells_of_csv_hold_json_and_chats_and_columns_with_dots():
    text = 'id,chat,out.text,meta,urgent,must\na,"[{""role"": ""user"", ""content"": ""Hi""}]",42,"{""a"": {""b"": 1}}",1,yes\n'
    file = write(Path("t.csv"), text)
    made = read(file, "id=id,input=chat,expected=out.text,slices.level=meta.a.b,must_pass=must,notes=urgent")
    assert made.lost == []
    assert made.cases[0].data == {
        "id": "a",
        "input": [{"role": "user", "content": "Hi"}],
        "expected": "42",
        "slices": {"level": "1"},
        "must_pass": True,
        "notes": "1",
    }
    assert made.cases[0].line == 2


def test_parquet_and_dataset_folders_are_read_too(tmp_path: Path):
    import pyarrow as pa
    from datasets import Dataset
    from pyarrow import parquet

    rows = {"q": ["a", "b"], "a": ["x", "y"]}
    parquet.write_table(pa.table(rows), tmp_path / "t.parquet")
    Dataset.from_dict(rows).save_to_disk(str(tmp_path / "set"))
    for name in ("t.parquet", "set"):
        made = read(Path(name), "input=q,expected=a")
        assert [row.data for row in made.cases] == [{"input": "a", "expected": "x"}, {"input": "b", "expected": "y"}]


def test_an_input_that_is_an_object_needs_a_template():
    file = write_rows(Path("e.jsonl"), [{"inputs": {"n": 1}}, {"inputs": {"n": 2}}])
    with pytest.raises(
        FtgateError, match=r"an object with n, and there is no template.*\n.*--template 'Question: {{ n"
    ):
        read(file, "input=inputs")
    made = read_table(file, mapping_of("input=inputs"), "Count to {{ n }}")
    assert [row.data for row in made.cases] == [{"input": {"n": 1}}, {"input": {"n": 2}}]
    assert made.golden == {"grader": [], "prompt": {"template": "Count to {{ n }}"}}
    assert made.notes == ["cases with neither `expected` nor graders, which are asked and not scored: 2"]
    assert len(write_golden_set(made, Path("counting")).cases) == 2


def test_a_blank_expected_costs_its_row_and_not_the_grading_of_all():
    file = write(Path("t.csv"), 'q,a\na,A\nb,\nc," "\nd,0\n')
    made = read(file, "input=q,expected=a")
    assert "grader" not in made.golden
    assert [row.data for row in made.cases] == [{"input": "a", "expected": "A"}, {"input": "d", "expected": "0"}]
    assert [(fault.line, fault.message) for fault in made.lost] == [
        (3, "row: has no 'a' to grade the answer with; left out (2 cases; also line 4)")
    ]
    assert made.notes == []


@pytest.mark.parametrize(
    ("mapping", "what"),
    [
        ("expected=a", "no column for `input`"),
        ("input", "'input' is not KEY=COLUMN"),
        ("input=q,input=a", "'input' is given twice"),
        ("input=q,inputt=a", "'inputt' is not a key of a case; did you mean 'input'?"),
        ("input=q,slice.a-b=a", "'slice.a-b' is not a key of a case"),
    ],
)
def test_a_mapping_that_is_none_says_what_to_change(mapping, what):
    with pytest.raises(FtgateError, match="--map") as caught:
        mapping_of(mapping)
    assert what in str(caught.value)


def test_files_and_columns_that_are_not_there_are_faults():
    file = write_rows(Path("e.jsonl"), LANGSMITH)
    with pytest.raises(FileFaults, match=r"e\.jsonl: no row has the column 'inputs\.questoin'; did you mean 'inputs"):
        read(file, "input=inputs.questoin")
    with pytest.raises(FileFaults, match="none: not found"):
        read(Path("none"), "input=q")
    with pytest.raises(FileFaults, match="no rows found"):
        read(write(Path("empty.jsonl"), ""), "input=q")
    with pytest.raises(FileFaults, match=r"bad\.jsonl:1"):
        read(write(Path("bad.jsonl"), "{\n"), "input=q")
