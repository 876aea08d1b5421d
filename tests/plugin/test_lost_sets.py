"""A locked golden set cannot vanish and leave the run green: the lock that is left is an error."""

from __future__ import annotations

import gzip

import pytest

from pytest_ftgate.errors import FileFaults
from pytest_ftgate.pipeline.discovery import golden_files
from tests import projects

CASE = {"id": "fr", "input": "Paris", "expected": "Paris"}
ROWS = projects.json_lines([CASE])
CSV = "id,input,expected\nfr,Paris,Paris\n"

LOST = [
    ("s/cases.jsonl", ROWS, "", "s/golden.lock", "s/cases.jsonl: not collected: no case has `input`"),
    ("s/cases.jsonl", ROWS, '{"question": "Paris"}\n', "s/golden.lock", "no case has `input`"),
    ("s/cases.jsonl", ROWS, None, "s/golden.lock", "not there, expected one of golden.toml, cases.jsonl"),
    ("deep/er/s/cases.jsonl", ROWS, None, "deep/er/s/golden.lock", "not there"),
    ("c.golden.csv", CSV, "id,text,Expected\nfr,Paris,Paris\n", "c.golden.lock", "no column `input`"),
    ("c.golden.csv", CSV, None, "c.golden.lock", "not there, expected one of c.golden.jsonl"),
    ("c.golden.json", f"[{ROWS}]", "[]", "c.golden.lock", "no case has `input`"),
    ("c.golden.jsonl", ROWS, None, "c.golden.lock", "not there"),
]


@pytest.fixture(params=LOST, ids=lambda each: f"{each[0]}:{'gone' if each[2] is None else each[2][:9]}")
def lost(request, project, answering):
    """A set that was locked and then emptied, renamed or removed, beside one that is green; its lock, and what is said."""
    name, text, now, lock, said = request.param
    answering()
    project.single("ok", CASE)
    file = project.write(f"goldens/{name}", text)
    projects.lock(file)
    if now is None:
        file.unlink()
    else:
        file.write_text(now, encoding="utf-8")
    return f"goldens/{lock}", said


@pytest.mark.parametrize("args", [["-q"], ["goldens"]])
def test_a_run_is_not_green(project, lost, args):
    lock, said = lost
    result = project.run(*args)
    assert result.ret != 0
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*{lock}: the golden set that it locks *{said.replace('[', '[[]')}*"])
    result.stdout.fnmatch_lines(["*restore the set; *"])
    assert "Traceback" not in result.stdout.str()


def test_commands_refuse_the_folder(project, lost, monkeypatch):
    monkeypatch.chdir(project.path)
    lock, said = lost
    with pytest.raises(FileFaults) as raised:
        golden_files(project.path / "goldens")
    assert lock in str(raised.value)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("c.golden.jsonl", ROWS, "*goldens/c.golden.jsonl.gz: is compressed; golden sets are read uncompressed*"),
        ("c.golden.csv", CSV, "*c.golden.lock: the golden set that it locks is none any more: *c.golden.csv.gz: not*"),
        ("s/cases.jsonl", ROWS, "*goldens/s/cases.jsonl.gz: is compressed; golden sets are read uncompressed*"),
    ],
)
def test_a_compressed_set_is_not_green(project, answering, name, text, told):
    answering()
    project.single("ok", CASE)
    if "/" in name:
        project.write("goldens/s/golden.toml", "")
    file = project.write(f"goldens/{name}", text)
    if name.endswith(".csv"):
        projects.lock(file)
    file.with_name(f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
    project.run().assert_outcomes(passed=2)
    file.unlink()
    result = project.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([told])
    assert "Traceback" not in result.stdout.str()


def test_a_lock_that_goes_with_its_set_is_no_error(project, answering):
    answering()
    project.single("ok", CASE)
    file = project.write("goldens/s/cases.jsonl", ROWS)
    projects.lock(file)
    file.unlink()
    file.with_name("golden.lock").unlink()
    project.run().assert_outcomes(passed=1)


def test_a_set_in_another_form_keeps_its_lock(project, answering):
    answering()
    file = project.write("goldens/c.golden.csv", CSV)
    projects.lock(file)
    file.unlink()
    project.write("goldens/c.golden.yml", "- {id: fr, input: Paris, expected: Paris}\n")
    project.run().assert_outcomes(passed=1, errors=0)


def test_locks_elsewhere_are_left_alone(project, answering):
    answering()
    project.single("ok", CASE)
    project.write("other/golden.lock", "")
    project.write("other/test_other.py", "def test_other():\n    pass\n")
    project.run().assert_outcomes(passed=2)
