"""State folders that cannot be used, and two runs on one: found before anything is asked, nothing lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.plugin.trained import Trained

GATE = "[gate]\n[[gate.floor]]\nmetric = 'accuracy'\nmin = 0.5\n"
CASES = [{"id": f"a{i}", "input": f"text {i}", "expected": f"text {i}"} for i in range(100)]


def occupy(path, kind):
    path.parent.mkdir(parents=True, exist_ok=True)
    {
        "a file": path.touch,
        "a named pipe": lambda: os.mkfifo(path),
        "a folder": path.mkdir,
        "a link": lambda: path.symlink_to("nowhere"),
    }[kind]()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("", "a file"),
        ("", "a link"),
        ("journal", "a named pipe"),
        ("journal/tiny.jsonl", "a folder"),
        ("journal/tiny.jsonl", "a named pipe"),
        ("seal.key", "a folder"),
        ("discordance/tiny.json", "a named pipe"),
    ],
)
@pytest.mark.parametrize("extra", [(), ("-n", "1")], ids=["alone", "xdist"])
def test_one_line_before_anything_is_asked(project, answering, name, kind, extra):
    server = answering()
    project.golden("tiny", CASES[:3], GATE)
    occupy(project.path / ".ftgate" / name, kind)
    result = project.pytester.runpytest_subprocess(
        "--ftgate-base-url", server.base_url, "--ftgate-model", "mock", *extra, timeout=120
    )
    assert server.requests == []
    both = result.stdout.str() + result.stderr.str()
    where = str(Path(".ftgate") / name)
    assert f"{where}: is {kind}" in both
    assert "nothing was asked" in both
    assert "Traceback" not in both
    assert "INTERNALERROR" not in both
    assert result.ret == (1 if extra else 4)


def test_a_grading_of_what_is_there_meets_no_pipe_either(project, answering):
    answering()
    project.golden("tiny", CASES[:3], GATE)
    occupy(project.path / ".ftgate/journal/tiny.jsonl", "a named pipe")
    project.server = None
    result = project.pytester.runpytest_subprocess("--ftgate-regrade", "last", timeout=120)
    result.stdout.fnmatch_lines(["*tiny.jsonl: cannot be read: is a named pipe, expected a file; move or remove it"])


def test_two_runs_at_once_lose_nothing_and_say_so(project, answering):
    server = answering(delay_s=0.05)
    project.golden("tiny", CASES, GATE)
    project.pytester.makeini("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--ftgate-base-url", server.base_url]
    command += ["--ftgate-model", "mock", "--ftgate-concurrency", "2"]
    runs = [subprocess.Popen(command, cwd=project.path, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = [run.communicate(timeout=300)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], told
    assert sum("another run uses .ftgate (pid " in text for text in told) == 1
    lines = [json.loads(line) for line in (project.path / ".ftgate/journal/tiny.jsonl").read_text().splitlines()]
    assert len(lines) == 200
    assert len({line["key"] for line in lines}) == 100
    before = len(server.requests)
    assert project.run("--ftgate-resume").ret == 0
    assert len(server.requests) == before


def test_two_do_not_train_one_pipeline(project, mlflow_template, no_tracking_server):
    from pytest_ftgate.pipeline.running import RunLock

    trained = Trained(project, mlflow_template)
    trained.base(wrong=range(30))
    trained.candidate(1, wrong=range(4))
    other = RunLock(project.path / ".ftgate")
    other.take(["mail"])
    result = trained.run()
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*--train: mail is being trained by another run in .ftgate (pid *nothing was begun*"])
    assert not (project.path / ".ftgate/journal/mail.jsonl").exists()
    other.release()
    assert trained.run().ret == 0
