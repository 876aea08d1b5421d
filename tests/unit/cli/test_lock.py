"""`ftgate lock` says what it accepts, and leaves a trace of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_ftgate.cli.main import main
from pytest_ftgate.registry.audit import AuditLog
from pytest_ftgate.registry.audit.entry import read_entry
from tests.projects import write, write_golden

SET = Path("goldens/sms")
TOML = "[gate]\ndelta = 0.02\n[[gate.floor]]\nmetric = 'accuracy'\nmin = 0.8\n"
CASES = [{"id": f"c{i}", "input": f"text {i}", "expected": "x"} for i in range(3)]


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_golden(SET, CASES, TOML)


def audit(folder: str = ".ftgate") -> list[tuple[str, str, list[str]]]:
    lines, _ = AuditLog(Path(folder) / "audit.jsonl").lines()
    entries = [entry for line in lines if (entry := read_entry(line))]
    return [(entry.kind, entry.task, entry.what["changes"]) for entry in entries]


def test_it_says_what_it_accepts_before_it_writes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lock", "goldens/sms"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "  sms: accepts first lock: 3 cases",
        "goldens/sms/golden.lock: 3 cases of sms, margin 2 points",
    ]
    write_golden(SET, [CASES[0], CASES[1] | {"expected": "y"}, *CASES[2:]], TOML.replace("0.8", "0.7"))
    assert main(["lock", "goldens/sms", "--delta", "0.05"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "  sms: accepts 1 case changed: c1",
        "  sms: accepts floor accuracy min 0.8 -> 0.7",
        "  sms: accepts delta 0.02 -> 0.05",
        "  sms: in no audit log: no state folder .ftgate here (--state-dir DIR)",
        "goldens/sms/golden.lock: 3 cases of sms, margin 5 points",
    ]
    assert main(["lock", "goldens/sms"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "  sms: nothing has changed since the last lock",
        "  sms: delta = 0.02 of [gate] is not used: the margin of golden.lock stays 0.05; to change it: --delta 0.02",
        "goldens/sms/golden.lock: 3 cases of sms, margin 5 points",
    ]


@pytest.mark.parametrize("named", ["goldens", ".", "goldens/sms/cases.jsonl", "goldens/sms/golden.toml"])
def test_a_folder_of_sets_and_a_file_of_a_set_are_taken(named: str, capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("goldens/team/faq.golden.csv"), "input,expected\na,b\n")
    assert main(["lock", named]) == 0
    assert (SET / "golden.lock").exists()
    assert Path("goldens/team/faq.golden.lock").exists() == (named in ("goldens", "."))
    assert "3 cases of sms" in capsys.readouterr().out


def test_a_faulty_set_of_a_folder_leaves_every_lock_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("goldens/zoo.golden.jsonl"), "{}\n")
    assert main(["lock", "goldens"]) == 2
    assert "goldens/zoo.golden.jsonl:1" in capsys.readouterr().err
    assert not list(Path("goldens").rglob("*.lock"))


def test_the_audit_log_of_a_state_folder_records_each_acceptance_once() -> None:
    Path(".ftgate").mkdir()
    for _ in range(2):
        main(["lock", "goldens/sms"])
    main(["lock", "goldens/sms", "--delta", "0.5"])
    assert audit() == [("lock", "sms", ["first lock: 3 cases"]), ("lock", "sms", ["delta 0.02 -> 0.5"])]
    assert main(["audit", "verify"]) == 0


def test_without_a_state_folder_the_history_of_the_lock_is_the_trace() -> None:
    main(["lock", "goldens/sms", "--state-dir", "none"])
    assert not Path("none").exists()
    held = json.loads(Path("goldens/sms/golden.lock").read_text())
    assert [entry["changes"] for entry in held["history"]] == [["first lock: 3 cases"]]


def test_an_audit_log_that_cannot_be_written_leaves_the_lock_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    Path("state/audit.jsonl").mkdir(parents=True)
    assert main(["lock", "goldens/sms", "--state-dir", "state"]) == 2
    assert "cannot write the audit log" in capsys.readouterr().err
    assert not Path("goldens/sms/golden.lock").exists()


def test_a_python_grader_is_found_where_pytest_finds_it_and_its_change_is_named(tmp_path: Path) -> None:
    write(tmp_path / "pytest.ini", "[pytest]\npythonpath = graders\n")
    write(tmp_path / "graders/cl_grader.py", "def g(case, response): return response.text == case.expected\n")
    write_golden(SET, CASES, TOML + "[[grader]]\nkind = 'python'\ncall = 'cl_grader:g'\n")
    assert "accepts first lock" in ftgate("lock", "goldens/sms")
    write(tmp_path / "graders/cl_grader.py", "def g(case, response): return True\n")
    assert "sms: accepts code of graders changed: cl_grader" in ftgate("lock", "goldens/sms")


def ftgate(*args: str) -> str:
    """The command in a process of its own, in the project's folder; its output."""
    path = os.pathsep.join(sys.path)
    command = [sys.executable, "-P", "-m", "pytest_ftgate", *args]
    return subprocess.run(
        command, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=True
    ).stdout
