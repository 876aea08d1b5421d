"""pytest, and real vLLM, killed with SIGKILL at random moments: no journalled answer is lost, no process is left."""

from __future__ import annotations

import json
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from pytest_ftgate.serve.supervisor import members
from tests.e2e.vllm_models import BASE, need_vllm
from tests.unit.serve.test_process import wait_for

CASES = 48
SETTINGS = "[request]\nmax_tokens = 12\n[[grader]]\nkind = 'contains'\n[gate]\n"  # wrong answers are misses

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def project(tmp_path) -> Path:
    """48 questions to the base model."""
    need_vllm()
    folder = tmp_path / "goldens" / "count"
    folder.mkdir(parents=True)
    rows = ({"id": f"c{i}", "input": f"Which number comes after {i}?", "expected": str(i + 1)} for i in range(CASES))
    (folder / "cases.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "golden.toml").write_text(SETTINGS)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -p no:randomly\n")
    return tmp_path


def command(*more: str) -> list[str]:
    asked = ["--ftgate-engine=vllm", f"--ftgate-model={BASE}", "--ftgate-cache=off", "--ftgate-resume"]
    return [sys.executable, "-m", "pytest", "goldens", *asked, *more]


def answers(project: Path) -> dict[str, str]:
    """Text by key of the journal's whole lines."""
    path = project / ".ftgate/journal/count.jsonl"
    whole = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return {line["key"]: line["response"]["text"] for line in map(json.loads, whole)}


def server_group(process: subprocess.Popen) -> int:
    """The process group of the server that a pytest started, 0 if there is none yet."""
    for child in psutil.Process(process.pid).children():
        if "supervisor.py" in " ".join(child.cmdline()):
            return child.pid
    return 0


def killed(project: Path, rng: random.Random, *, server: bool) -> tuple[int, str]:
    """A run that is killed, or whose server is, after a few more answers: its exit code, and what it printed."""
    wanted, log = len(answers(project)) + rng.randrange(1, 10), project / "killed.log"
    with log.open("w") as out:
        process = subprocess.Popen(command("--ftgate-concurrency=4"), cwd=project, stdout=out, stderr=out)
    try:
        assert wait_for(lambda: server_group(process) > 0, 120)
        group = server_group(process)
        assert wait_for(lambda: len(answers(project)) >= wanted or process.poll() is not None, 240), log.read_text()
        time.sleep(rng.uniform(0, 0.5))
        before = answers(project)
        victim = min(set(members(group)) - {group}) if server else process.pid
        psutil.Process(victim).send_signal(signal.SIGKILL)
        code = process.wait(120)
    finally:
        process.kill()
    assert wait_for(lambda: members(group) == [], 30), "a process outlived"
    assert before.items() <= answers(project).items()
    return code, log.read_text()


def test_no_answer_is_lost_and_no_process_is_left(project):
    rng = random.Random(3)
    for server in (False, True, False):
        code, said = killed(project, rng, server=server)
        assert code == (1 if server else -signal.SIGKILL), said
        if server:
            assert re.search("exit code 137 while answering: the server was killed", said), said
    kept = answers(project)
    assert 3 <= len(kept) < CASES
    run = subprocess.run(command(), cwd=project, capture_output=True, text=True, timeout=400, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"{CASES - len(kept)} by the model, {len(kept)} from the journal" in run.stdout, run.stdout
    after = answers(project)
    assert kept.items() <= after.items()
    assert len(after) == CASES
