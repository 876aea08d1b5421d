"""read_rows: files of every format as a stream; faults with file and line, all at once up to a bound."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import sys
import tracemalloc

import pytest
import zstandard

from pytest_ftgate.data.readers import json_lines
from pytest_ftgate.data.readers.contents import contents
from pytest_ftgate.data.readers.count import row_count
from pytest_ftgate.data.readers.faults import FaultGroups
from pytest_ftgate.data.readers.reader import read_entries, read_rows
from pytest_ftgate.data.readers.record import Record
from pytest_ftgate.data.readers.records import read_records
from pytest_ftgate.errors import DataError, Fault
from tests.unit.data.data_files import FORMATS, exchange, write_folder, write_jsonl

OWN = [
    {"id": "a", "input": {"text": "Win £100 now!"}, "expected": {"label": "spam"}, "slices": {"link": "no"}},
    {"id": "b", "input": {"text": 'He said "hi",\nthen left'}, "expected": {"label": "ham"}, "cluster": "c1"},
    {"id": "c", "input": {"text": "x"}, "expected": {"label": "ham"}, "synthetic": True, "reviewed": False},
]
LINES = {"train.jsonl": [1, 2, 3], "train.json": [2, 14, 24], "train.csv": [2, 3, 4], "train.parquet": [1, 2, 3]}


@pytest.mark.parametrize("name", FORMATS)
def test_own_rows_are_the_same_in_every_format(tmp_path, name):
    rows = list(read_rows(FORMATS[name](tmp_path / name, OWN)))
    expected = list(read_rows(write_jsonl(tmp_path / "other.jsonl", OWN)))
    assert [exchange(row) for row in rows] == [exchange(row) for row in expected]
    assert rows[0].asked == ({"role": "user", "content": "Win £100 now!"},)
    assert rows[0].answer == '{"label": "spam"}'
    assert rows[0].variables == {"text": "Win £100 now!"}
    assert rows[2].extras == {"synthetic": True, "reviewed": False}


@pytest.mark.parametrize("name", FORMATS)
def test_each_row_has_file_and_line(tmp_path, name):
    path = FORMATS[name](tmp_path / name, OWN)
    rows = list(read_rows(path))
    assert {row.path for row in rows} == {str(path)}
    assert [row.line for row in rows] == LINES.get(name, [1, 2, 3])


def test_faults_are_told_at_once_up_to_a_bound(tmp_path):
    path = tmp_path / "train.jsonl"
    odd = "".join(f'{{"text": "a", "synthetic": {number // 2}}}\n' for number in range(60))
    path.write_text('{"input": "q", "expected": "a"}\n' + "{\n" * 5 + odd)
    rows = read_rows(path)
    assert next(rows).answer == "a"
    with pytest.raises(DataError, match=r"train\.jsonl:2: is not valid JSON") as caught:
        next(rows)
    assert len(caught.value.faults) == 20
    assert caught.value.omitted == 60 - 19 * 2
    assert str(caught.value).endswith("and 22 more")
    assert "train.jsonl:7: (text) 'synthetic' is 0; expected true or false; the same in 1 more row\n" in str(
        caught.value
    )
    assert "(column 2); the same in 4 more rows\n" in str(caught.value)


def test_an_unknown_shape_is_told_once_for_a_file_whatever_its_keys(tmp_path):
    path, other = tmp_path / "train.jsonl", tmp_path / "other.jsonl"
    odd = [{"Frage": 1, "Antwort": 2}, {"a": 1}, {"Frage": 3, "Antwort": 4}, *({"b": 1} for _ in range(3))]
    path.write_text("".join(json.dumps(row) + "\n" for row in [*odd, *({f"k{number}": 1} for number in range(1000))]))
    with pytest.raises(DataError) as caught:
        list(read_rows(path))
    assert [(fault.line, caught.value.omitted) for fault in caught.value.faults] == [(1, 0)]
    told = (
        "found keys: 'Frage', 'Antwort'; the same in 1 more row; also 1,004 more rows of other keys: 'b' in 3; 'a' in 1"
    )
    assert f"{told}; 'k0' in 1; others in 999\n" in str(caught.value)
    other.write_text('{"a": 1}\n{"b": 1}\n')
    groups = FaultGroups()
    groups.add(*read_entries(path), *read_entries(other))
    assert [(group.first.path, group.rows) for group in groups.groups()] == [(str(path), 1006), (str(other), 2)]


def test_ten_thousand_rows_of_one_fault_are_one_fault(tmp_path):
    path = tmp_path / "train.csv"
    path.write_text("id,said\n" + "1,x\n" * 10_000)
    with pytest.raises(DataError) as caught:
        list(read_rows(path))
    assert [fault.line for fault in caught.value.faults] == [2]
    assert "the same in 9,999 more rows" in str(caught.value)
    assert caught.value.omitted == 0


def test_good_rows_come_with_the_faults_of_the_others(tmp_path):
    path = tmp_path / "train.jsonl"
    path.write_text('{"prompt": "q", "completion": "a"}\n[1]\n\n{"prompt": "r", "completion": "b"}\n')
    good, fault, last = read_entries(path)
    assert (good.line, last.line) == (1, 4)
    assert isinstance(fault, Fault)
    assert fault.line == 2


@pytest.mark.parametrize(
    ("name", "content", "line", "told"),
    [
        ("t.jsonl", b'{"a": 1}\n{"a": "\xff"}', 2, "is not valid UTF-8: byte 0xff at position 8"),
        ("t.jsonl", b'{"a": 1, "a": 2}', 1, "duplicate key 'a'"),
        ("t.jsonl", b'{"a": "\\ud800"}', 1, "unpaired surrogate"),
        ("t.json", b'[{"a": 1},\n{"a": 2}', 2, "expected ',' or ']', found 'the end of the file'"),
        ("t.json", b'[{"a": 1},\n{"a" 2}]', 2, "is not valid JSON"),
        ("t.json", b'[{"a": 1},\n]', 2, "is not valid JSON"),
        ("t.json", b'[{"a": 1}]\n\n{}', 3, "extra data after the list"),
        ("t.json", b"[1]", 1, "is a JSON int, expected an object"),
        ("t.json", b'[\n{"a":\n 1,\n"b" 2}]', 4, "is not valid JSON"),
        ("t.json", b"[" * 99999, 1, "is nested too deeply"),
        ("t.json", b'[{"a": 1},\n{"a": ' + b"9" * 5000 + b"}]", 2, "has a number of too many digits"),
        ("t.jsonl", b'{"a": 1}\n{"a": ' + b"9" * 5000 + b"}", 2, "has a number of too many digits"),
        ("t.jsonl", b'{"a": 1}\n{"a": ' + b"[" * 3000 + b"]" * 3000 + b"}", 2, "is nested too deeply"),
        ("t.json", b'[\n{"a": "\xff"}]', 2, "is not valid UTF-8"),
        ("t.json", b'[{"a": "\\ud800"}]', 1, "unpaired surrogate"),
        ("t.csv", b"a,b\n1,2\n3\n", 3, "1 cells, but 2 columns"),
        ("t.csv", b"a,a\n1,2\n", 1, "duplicate column name"),
        ("t.csv", b'a,b\n1,"2\n3,4\n', 3, "is not valid CSV"),
        ("t.csv", b"a\n" + b"\xc3\xa4\n" * 40_000 + b"\xc3\n\xff\n", 40_002, "is not valid UTF-8 from here on"),
        ("t.csv", b"a\n\xff\n", 2, "is not valid UTF-8"),
        ("t.parquet", b"PAR1, but no more", 1, "is not valid Parquet"),
    ],
)
def test_what_is_no_row_is_a_fault_with_its_line(tmp_path, name, content, line, told):
    path = tmp_path / name
    path.write_bytes(content)
    faults = [entry for entry in read_records(path) if isinstance(entry, Fault)]
    assert [fault.line for fault in faults] == [line]
    assert told in faults[0].message


@pytest.mark.parametrize("name", ["t.jsonl", "t.json", "t.csv", "t.parquet"])
def test_a_missing_file_is_a_fault(tmp_path, name):
    with pytest.raises(DataError, match="cannot read training data: No such file"):
        list(read_rows(tmp_path / name))


def test_an_empty_file_is_a_fault(tmp_path):
    (tmp_path / "t.json").write_text(" [\n] ")
    with pytest.raises(DataError, match="no rows"):
        list(read_rows(tmp_path / "t.json"))


def test_json_lines_may_be_called_json(tmp_path):
    path = write_jsonl(tmp_path / "train.json", OWN)
    assert [row.line for row in read_rows(path)] == [1, 2, 3]


def test_the_line_of_a_row_is_where_it_begins(tmp_path):
    (tmp_path / "t.csv").write_text('input,expected\n"two\nlines",a\n\nq,b\n')
    assert [(row.line, row.question) for row in read_rows(tmp_path / "t.csv")] == [(2, "two\nlines"), (5, "q")]


def test_tabs_separate_a_tsv(tmp_path):
    (tmp_path / "t.tsv").write_text("input\texpected\na, b\tc\n")
    [row] = read_rows(tmp_path / "t.tsv")
    assert (row.question, row.answer) == ("a, b", "c")


def test_a_folder_of_splits_names_them(tmp_path):
    from datasets import Dataset, DatasetDict

    splits = DatasetDict(train=Dataset.from_list(OWN[:1]), test=Dataset.from_list(OWN[1:2]))
    splits.save_to_disk(str(tmp_path / "all"))
    with pytest.raises(DataError, match=r"has the splits train, test\s+choose one: .*all/train"):
        list(read_rows(tmp_path / "all"))
    assert [row.id for row in read_rows(tmp_path / "all/train")] == ["a"]


def test_a_folder_that_is_no_data_set_is_a_fault(tmp_path):
    with pytest.raises(DataError, match=r"not a Hugging Face dataset folder"):
        list(read_rows(tmp_path))


def test_a_golden_set_is_named_as_one_also_without_the_library_of_datasets(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    (tmp_path / "golden.toml").touch()
    assert row_count(tmp_path) == 0
    with pytest.raises(DataError, match="is a golden set; training rows are expected here"):
        list(read_rows(tmp_path))


def test_a_null_of_a_column_is_no_key(tmp_path):
    path = write_folder(tmp_path / "f", [{"input": {"a": "x", "b": None}, "expected": "y", "cluster": None}])
    [row] = read_rows(path)
    assert row.variables == {"a": "x"}
    assert row.extras == {}


@pytest.mark.parametrize("name", ["train.jsonl", "train.json", "train.csv"])
def test_memory_depends_on_a_row_and_not_on_the_file(tmp_path, name):
    text = "word " * 200
    path = FORMATS[name](tmp_path / name, [{"input": f"{number} {text}", "expected": "y"} for number in range(8000)])
    assert path.stat().st_size > 8_000_000
    tracemalloc.start()
    assert sum(isinstance(entry, Record) for entry in read_records(path)) == 8000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_500_000


def test_a_row_longer_than_a_chunk_is_read_from_a_list(tmp_path):
    long = [{"input": "x" * size, "expected": json.dumps(size)} for size in (10, 65_500, 65_536, 400_000, 1)]
    path = tmp_path / "t.json"
    path.write_text(json.dumps(long))
    assert [len(row.question) for row in read_rows(path)] == [10, 65_500, 65_536, 400_000, 1]


PACKED = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress, ".zst": zstandard.compress}


def packed(path, end):
    """A copy of a file, compressed, beside it."""
    copy = path.with_name(path.name + end)
    copy.write_bytes(PACKED[end](path.read_bytes()))
    return copy


@pytest.mark.parametrize("end", PACKED)
@pytest.mark.parametrize("name", ["train.jsonl", "train.json", "train.csv"])
def test_compressed_files_are_read_as_what_is_in_them(tmp_path, name, end):
    plain = FORMATS[name](tmp_path / name, OWN)
    copy = packed(plain, end)
    assert [exchange(row) for row in read_rows(copy)] == [exchange(row) for row in read_rows(plain)]
    assert [row.line for row in read_rows(copy)] == LINES[name]
    assert contents(copy).rows == 3


@pytest.mark.parametrize("end", PACKED)
def test_a_compressed_file_that_is_cut_off_or_damaged_is_a_fault(tmp_path, end):
    plain = write_jsonl(
        tmp_path / "train.jsonl", [{"prompt": f"{number:x}" * 9, "completion": "a"} for number in range(999)]
    )
    copy = packed(plain, end)
    whole = copy.read_bytes()
    for damaged in (whole[: len(whole) // 2], b"not compressed at all", whole + b"rubbish after the end of it"):
        copy.write_bytes(damaged)
        if damaged.startswith(whole) and end in {".bz2", ".xz"}:
            continue  # Python takes what follows the last stream of these for padding
        with pytest.raises(DataError, match=r"cannot read training data: damaged"):
            list(read_rows(copy))


def test_files_in_several_parts_are_read_to_the_end(tmp_path):
    row = b'{"prompt": "q", "completion": "a"}\n'
    for end, pack in PACKED.items():
        copy = tmp_path / f"train.jsonl{end}"
        copy.write_bytes(pack(row) + pack(row) + pack(row))
        assert len(list(read_rows(copy))) == 3


def test_a_row_without_end_does_not_take_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(json_lines, "MOST", 1 << 22)
    for end, pack in PACKED.items():
        copy = tmp_path / f"train.jsonl{end}"
        copy.write_bytes(pack(b"[" * (16 * json_lines.MOST)))
        tracemalloc.start()
        with pytest.raises(DataError, match=r"1: is longer than 4 MiB; rest not read"):
            list(read_rows(copy))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 8 * json_lines.MOST
