"""What lies below the folder of golden sets and is none of them: said only where it was probably meant as one."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

import pytest

from pytest_ftgate.golden.paths import beside, companion, is_golden, set_argument, set_file, set_name
from pytest_ftgate.golden.spec import read_golden
from pytest_ftgate.golden.strays import why_stray
from tests.projects import write

ROOT = Path("goldens")
CASE = '{"input": "x"}\n'

pytestmark = pytest.mark.usefixtures("in_tmp")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("d.jsonl", "rename it to d.golden.jsonl"),
        ("d.csv", "rename it to d.golden.csv"),
        ("d.ndjson", "rename it to d.golden.jsonl"),
        ("d.tsv", "rename it to d.golden.csv and write it so"),
        ("tickets.goldens.jsonl", "rename it to tickets.golden.jsonl"),
        ("tickets.golden", "rename it to tickets.golden.jsonl"),
        ("tickets_golden.json", "rename it to tickets_golden.golden.json"),
        ("tickets.golden.toml", "rename it to tickets.golden.yaml and write it so"),
        ("e/golden.yaml", "settings of a folder are in golden.toml"),
        ("tickets.golden.json", "no case has `input`"),
        ("tickets.golden.csv", "the first line names no column `input`"),
        ("e/cases.jsonl", "no case has `input`"),
        ("set/cases.json", "the cases of this folder are in cases.jsonl"),
        ("set/deep/cases2.jsonl", "the cases of this folder are in cases.jsonl"),
        ("e/cases.jsonl.gz", "golden sets are read uncompressed, here as cases.jsonl"),
        ("tickets.golden.csv.ZST", "golden sets are read uncompressed, here as tickets.golden.csv"),
        ("d.ndjson.bz2", "golden sets are read uncompressed, here as d.golden.jsonl"),
        ("golden_d.json.xz", "golden sets are read uncompressed, here as golden_d.golden.json"),
    ],
)
def test_what_was_meant_as_a_set(name, said):
    write(ROOT / "set/golden.toml", "")
    found = why_stray(write(ROOT / name, "[]"), ROOT)
    assert found.startswith("not collected: ")
    assert said in found


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("q.csv", "input,expected\n", "rename it to q.golden.csv"),
        ("q.csv", "question,answer\n", "q.golden.csv, and its columns * (found: question, answer; rename question to input, answer to expected)"),
        ("q.tsv", "question\tinput\n", "rename it to q.golden.csv and write it so"),
        ("q.golden.csv", "time,value\n", "no column `input`; found: time, value; rename the column with the questions to input"),
        ("q.golden.csv", "time,answer\n", "found: time, answer; rename answer to expected, the column with the questions to input"),
        ("q.golden.csv", "time;value\n", "found: time;value; separate columns with commas"),
    ],
)  # fmt: skip
def test_a_table_is_told_its_columns(name, text, said):
    found = why_stray(write(ROOT / name, text), ROOT)
    assert fnmatch(found, f"not collected: *{said}")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("tickets.json", f" [{CASE}]", "tickets.golden.json"),
        ("deep/cases.json", f"[{CASE}]", "cases.golden.json"),
        ("deep/cases.yaml", "- id: a\n  input: x\n", "cases.golden.yaml"),
        ("mood.yml", "- {id: a, input: x}\n", "mood.golden.yaml"),
        ("UP.GOLDEN.JSONL", CASE, "UP.golden.jsonl"),
        ("up.JSON", f"[{CASE}]", "up.golden.json"),
    ],
)
def test_a_list_of_cases_is_known_by_what_it_holds(name, text, said):
    assert why_stray(write(ROOT / name, text), ROOT) == f"not collected: rename it to {said}"


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.json", '[{"name": "x"}]'), ("a.json", "{}"), ("a.yaml", "input: x\n"), ("a.yml", "- steps\n"), ("a.toml", "")],
)
def test_what_holds_something_else_is_left_alone(name, text):
    assert why_stray(write(ROOT / name, text), ROOT) == ""


@pytest.mark.parametrize(
    "name",
    [
        *("set/golden.toml", "set/cases.jsonl", "set/golden.lock", "set/labels.jsonl", "set/verdicts.jsonl"),
        *("a.golden.jsonl", "a.golden.yml", "a.golden.lock", "a.golden.noise", "a.labels.jsonl", "a.verdicts.jsonl"),
        *("archive.tar.gz", "prices.json.gz", "a.labels.jsonl.gz", "set/data/rows.csv.gz", "set/cases.jsonl.gz"),
        *("schema.json", "README.md", "prices.toml", "prepare.py", "set/extra.jsonl", "set/data/rows.csv"),
    ],
)
def test_what_belongs_there(name):
    write(ROOT / "set/golden.toml", "")
    assert why_stray(write(ROOT / name, CASE), ROOT) == ""


@pytest.mark.parametrize("end", ["jsonl.gz", "yaml.zst", "yml.xz"])
def test_a_compressed_set_is_one_with_a_fault_until_it_is_uncompressed(end):
    path = write(ROOT / f"mood.golden.{end}", "x")
    plain = path.with_suffix("")
    assert (is_golden(path), why_stray(path, ROOT), set_name(path)) == (True, "", "mood")
    [fault] = read_golden(path).faults
    told = f"{path}: is compressed; golden sets are read uncompressed\n    uncompress it as {plain.name}"
    assert str(fault) == told
    write(plain, CASE)
    assert (is_golden(path), why_stray(path, ROOT)) == (False, "")


def test_compressed_cases_of_a_folder_are_its_fault():
    file = write(ROOT / "mood/golden.toml", "")
    write(ROOT / "mood/cases.jsonl.xz", "x")
    [fault] = read_golden(file).faults
    assert str(fault) == (
        "goldens/mood/cases.jsonl.xz: is compressed; golden sets are read uncompressed\n"
        "    uncompress it as cases.jsonl"
    )


@pytest.mark.parametrize("name", ["a.golden.json", "a.golden.csv", "e/cases.jsonl"])
def test_names_that_others_use_are_ours_if_they_hold_cases(name):
    theirs = {"a.golden.csv": "time,value\n1,2\n"}.get(name, '{"status": 200}\n')
    ours = {"a.golden.csv": "id,input\n1,2\n"}.get(name, CASE)
    assert not is_golden(write(ROOT / name, theirs))
    assert is_golden(write(ROOT / name, ours))
    assert not is_golden(ROOT / "none" / name)


@pytest.mark.parametrize(
    ("file", "name", "argument", "lock", "labels"),
    [
        ("g/mood/golden.toml", "mood", "g/mood", "g/mood/golden.lock", "g/mood/labels.jsonl"),
        ("g/mood/cases.jsonl", "mood", "g/mood", "g/mood/golden.lock", "g/mood/labels.jsonl"),
        ("g/mood.golden.csv", "mood", "g/mood.golden.csv", "g/mood.golden.lock", "g/mood.labels.jsonl"),
        ("g/mood.golden.yml", "mood", "g/mood.golden.yml", "g/mood.golden.lock", "g/mood.labels.jsonl"),
    ],
)
def test_what_belongs_to_a_set(file, name, argument, lock, labels):
    path = write(Path(file), CASE)
    assert (set_name(path), set_argument(path), set_file(path)) == (name, Path(argument), path)
    assert (companion(path, ".lock"), beside(path, "labels.jsonl")) == (Path(lock), Path(labels))
    assert set_file(Path(argument)) == path
