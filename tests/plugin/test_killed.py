"""pytest killed with SIGKILL at seeded random moments: no journalled answer is lost, and a resumed run is whole."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

CASES = 60
WRONG = {"text 7", "text 31"}
GATE = "[gate]\n[[gate.floor]]\nmetric = 'accuracy'\nmin = 0.8\n"


def answer(messages):
    text = messages[-1]["content"]
    return "wrong" if text in WRONG else text


@pytest.fixture
def server(project, answering):
    project.golden("many", [{"id": f"a{i}", "input": f"text {i}", "expected": f"text {i}"} for i in range(CASES)], GATE)
    return answering(answer, delay_s=0.02)


def started(project, *args: str) -> subprocess.Popen[bytes]:
    served = ["--ftgate-base-url", project.server.base_url, "--ftgate-model", "mock", "--ftgate-concurrency", "4"]
    env = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "pytest_ftgate.plugin.hooks",
        "-p",
        "no:cacheprovider",
        *served,
        *args,
    ]
    return subprocess.Popen(command, cwd=project.path, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)


def killed(project, server, rng: random.Random) -> None:
    """Started anew, killed when a random number of requests has come, and a random moment later."""
    process = started(project, "--ftgate-resume")
    wanted = len(server.requests) + rng.randrange(1, max(2, CASES - 10))
    while len(server.requests) < wanted and process.poll() is None:
        time.sleep(0.002)
    time.sleep(rng.uniform(0, 0.04))
    process.kill()
    process.wait()


def journalled(path: Path) -> dict[str, str]:
    """Text by key of the whole lines."""
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return {line["key"]: line["response"]["text"] for line in map(json.loads, lines)}


def report(result) -> list[str]:
    """What a run says of its cases, metrics and gate; not how fast it was."""
    lines = [line for line in result.outlines if re.search(r"::|^  |missed|=====", line) and "p50/p95/p99" not in line]
    return [re.sub(r" in [\d.]+s", "", _without_origin(line)) for line in lines]


def _without_origin(line: str) -> str:
    """Where answers came from is said of a resumed run alone."""
    return re.sub(r"; model: \d+ of \d+ answers are of earlier runs.*", "", line)


@pytest.mark.parametrize("seed", [*range(5), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(5, 20))])
def test_no_journalled_answer_is_lost(project, server, seed, monkeypatch):
    rng = random.Random(seed)
    journal = project.path / ".ftgate/journal/many.jsonl"
    killed(project, server, rng)
    kept = journalled(journal)
    asked = len(server.requests)
    assert len(kept) >= asked - 4 - 1, "what was answered is written; only what was in flight may be lost"
    monkeypatch.setenv("FTGATE_API_KEY", "the-run-that-resumes")  # what the killed run left in its sockets comes late
    result = project.run("--ftgate-resume", "-v")
    sent = server.authorized_by.count("Bearer the-run-that-resumes")
    assert sent == CASES - len(kept), "only what is missing is sent"
    after = journalled(journal)
    assert len(after) == CASES
    assert kept.items() <= after.items()
    result.assert_outcomes(passed=CASES - 2 + 3)
    result.stdout.fnmatch_lines(["missed (2)*"])


def test_the_report_of_a_resumed_run_is_that_of_an_undisturbed_one(project, server):
    undisturbed = project.run("-v")
    (project.path / ".ftgate/journal/many.jsonl").unlink()
    rng = random.Random(99)
    for _ in range(3):
        killed(project, server, rng)
    resumed = project.run("--ftgate-resume", "-v")
    assert resumed.ret == undisturbed.ret == 0
    assert report(resumed) == report(undisturbed)
    assert len(report(resumed)) > CASES
    resumed.stdout.fnmatch_lines(["*integrity*answers are of earlier runs (*"])
