"""The code of python graders is part of golden.lock."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_ftgate.evaluate.lock import compare, read_lock, write_lock
from tests.projects import write
from tests.unit.evaluate.lock_sets import ACCEPT, SET, TOML, differences, history, row, suite

PYTHON = TOML + "[[grader]]\nkind = 'python'\ncall = 'lk_grader:g'\n"


@pytest.fixture(autouse=True)
def _in_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def grader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A python grader that imports a module of the project; the file of that module."""
    monkeypatch.syspath_prepend(str(tmp_path))
    write(tmp_path / "lk_grader.py", "from lk_rule import right\ndef g(case, response): return right(case, response)\n")
    yield write(tmp_path / "lk_rule.py", "def right(case, response): return response.text == case.expected\n")
    for name in ("lk_grader", "lk_rule"):
        sys.modules.pop(name, None)


def test_changed_code_of_a_python_grader_is_a_changed_golden_set(grader: Path) -> None:
    before = suite(toml=PYTHON)
    write(grader, "def right(case, response): return True\n")
    after = suite(toml=PYTHON)
    [said] = differences(before, after)
    assert said == (
        f"lk_rule.py: code of a python grader changed since golden.lock was written: module lk_rule{ACCEPT}"
    )
    assert after.settings_digest != before.settings_digest, "results that other code graded cannot be compared"
    write_lock(SET, after)
    assert compare(after, read_lock(SET)) == []
    assert history()[-1] == "code of graders changed: lk_rule"


def test_code_that_a_grader_imports_anew_or_no_more(grader: Path) -> None:
    before = suite(toml=PYTHON)
    write(grader.with_name("lk_grader.py"), "def g(case, response): return True\n")
    after = suite(toml=PYTHON)
    assert [said.partition("\n")[0] for said in differences(before, after)] == [
        "lk_grader.py: code of a python grader changed since golden.lock was written: module lk_grader",
        "goldens/sms/golden.toml:6: code of a python grader removed since golden.lock was written: module lk_rule",
    ]


def test_code_of_a_grader_of_one_case_counts_too(grader: Path) -> None:
    rows = [row(0, graders=[{"kind": "python", "call": "lk_grader:g"}])]
    before = suite(rows)
    write(grader, "def right(case, response): return True\n")
    [said] = differences(before, suite(rows))
    assert "module lk_rule" in said
