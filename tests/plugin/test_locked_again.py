"""A golden set that was made easier: an error before `ftgate lock`, and a line in every verdict after it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

from tests.plugin.trained import Trained

GRADER = "def g(case, response):\n    return {}\n"


@pytest.fixture
def trained(project, mlflow_template, no_tracking_server):
    return Trained(project, mlflow_template)


def ftgate(trained, *args):
    """The command in the project's folder, in a process of its own; its output."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "pytest_ftgate", *args]
    folder = trained.project.path
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True).stdout


def warnings(result):
    """All but that of the fake vLLM, which has no version."""
    lines = [line for line in result.outlines if line.startswith("  warning: ") and "of unknown version" not in line]
    return [re.sub(r"on \d{4}-\d\d-\d\d", "on DAY", line.removeprefix("  warning: ")) for line in lines]


def test_the_next_verdict_names_every_change_that_was_accepted(trained):
    trained.base(wrong=range(30))
    trained.candidate(1, wrong=range(4))
    assert trained.run().ret == 0
    cases = trained.project.path / "goldens/mail/cases.jsonl"
    rows = [json.loads(line) for line in cases.read_text().splitlines()]
    for row in rows[4:30]:
        row["expected"] = "hm"
    cases.write_text("".join(json.dumps(row) + "\n" for row in rows))
    trained.candidate(2, wrong=range(30))

    refused = trained.run()
    assert refused.ret == 2, refused.stdout.str()
    refused.stdout.fnmatch_lines(["*cases.jsonl:5: 26 cases changed since golden.lock was written: c4 (line 5)*"])

    said = ftgate(trained, "lock", "goldens/mail", "--delta", "0.5")
    assert "mail: accepts 26 cases changed: c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, and 16 more" in said
    assert "mail: accepts delta 0.05 -> 0.5" in said
    accepted = "26 cases changed: c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, and 16 more, delta 0.05 -> 0.5"
    gamed = trained.run()
    assert warnings(gamed) == [f"the golden set mail was locked again since v1 was judged: on DAY: {accepted}"]
    log = ftgate(trained, "audit", "show", "mail")
    assert re.search(r" lock +mail +changes .*26 cases changed: c4, .*delta 0.05 -> 0.5", log)
    assert "intact" in ftgate(trained, "audit", "verify")


def test_the_margin_in_the_lock_edited_by_hand_is_refused(trained):
    trained.base(wrong=range(30))
    trained.candidate(1, wrong=range(4))
    lock = trained.project.path / "goldens/mail/golden.lock"
    lock.write_text(lock.read_text().replace('"delta": 0.05', '"delta": 0.99'))
    result = trained.run()
    assert result.ret == 2, result.stdout.str()
    result.stdout.fnmatch_lines(["*golden.lock: was edited by hand: it differs from what `ftgate lock` accepted"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_the_code_of_a_python_grader_is_locked(trained):
    project = trained.project
    project.write("pl_grader.py", GRADER.format("response.text == case.expected"))
    project.write("pytest.ini", "[pytest]\npythonpath = .\n")
    golden = project.path / "goldens/mail/golden.toml"
    golden.write_text(golden.read_text() + "[[grader]]\nkind = 'python'\ncall = 'pl_grader:g'\n")
    trained.base(wrong=range(30))
    ftgate(trained, "lock", "goldens/mail")
    project.write("pl_grader.py", GRADER.format("True"))
    result = project.pytester.runpytest_subprocess("-p", "no:cacheprovider", "goldens/mail")
    assert result.ret == 2, result.stdout.str()
    what = "pl_grader.py: code of a python grader changed since golden.lock was written: module pl_grader"
    result.stdout.fnmatch_lines([what, "*to accept the change: ftgate lock goldens/mail"])
