"""pytest, and real vLLM, killed with SIGKILL: no journalled answer is lost, no process is left, one run ends it."""

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

from pytest_ftgate.serve.servers.supervisor import members
from tests.e2e.patience import patience
from tests.e2e.vllm_models import BASE, make_adapter, need_vllm
from tests.e2e.workshop import ANSWER_S, wait_for
from tests.projects import write_golden

CASES, CHOICES = 48, 8
COUNT = f"[request]\ntimeout_s = {ANSWER_S}\nmax_tokens = 12\n[[grader]]\nkind = 'contains'\n"
YES = f"[request]\ntimeout_s = {ANSWER_S}\nmax_tokens = 4\nchoices = ['yes', 'no']\nlogprobs = 2\n[[grader]]\nkind = 'one_of'\nlabels = ['yes', 'no']\n"
TEST = """
def test_the_adapter_answers_beside_the_base_model(vllm_server):
    tuned = vllm_server.load_adapter({adapter!r})
    assert tuned.text("What is a cat?", max_tokens=6) != vllm_server.client.text("What is a cat?", max_tokens=6)
    assert len([line for line in vllm_server.logs(500).splitlines() if "Started server process" in line]) == 1
"""


@pytest.fixture
def project(tmp_path) -> Path:
    """48 questions to the base model."""
    need_vllm()
    golden_set(
        tmp_path / "goldens/count", COUNT, [(f"Which number comes after {i}?", str(i + 1)) for i in range(CASES)]
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -p no:randomly\n")
    return tmp_path


def golden_set(folder: Path, settings: str, pairs: list[tuple[str, str]]) -> None:
    """(question, answer) pairs as cases."""
    rows = ({"id": f"c{i}", "input": asked, "expected": wanted} for i, (asked, wanted) in enumerate(pairs))
    write_golden(folder, rows, settings)


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
        assert wait_for(lambda: server_group(process) > 0, process=process), log.read_text()
        group = server_group(process)
        assert wait_for(lambda: len(answers(project)) >= wanted, 120, process), log.read_text()
        time.sleep(rng.uniform(0, 0.5))
        before = answers(project)
        victim = min(set(members(group)) - {group}) if server else process.pid
        psutil.Process(victim).send_signal(signal.SIGKILL)
        code = process.wait(patience(60))
    finally:
        process.kill()
    assert wait_for(lambda: members(group) == []), "a process outlived"
    assert before.items() <= answers(project).items()
    return code, log.read_text()


def resumed(project: Path, *more: str) -> str:
    """What an undisturbed run prints: it asks only what is not answered yet."""
    kept = answers(project)
    assert 1 <= len(kept) < CASES
    limit = patience(120)
    run = subprocess.run(command(*more), cwd=project, capture_output=True, text=True, timeout=limit, check=False)
    assert run.returncode == 1, "answers that are cut off are wrong\n" + run.stdout + run.stderr
    assert run.stdout.count("not measured") == 0, run.stdout
    after = answers(project)
    assert kept.items() <= after.items()
    assert len(after) == CASES
    return run.stdout


def test_pytest_is_killed_and_one_server_ends_the_run_for_golden_sets_and_tests(project):
    """The second run has another golden set, which is given choices, and a test that loads an adapter."""
    code, said = killed(project, random.Random(3), server=False)
    assert code == -signal.SIGKILL, said
    kept = len(answers(project))
    golden_set(project / "goldens/yes", YES, [(f"Is {i} a number?", "yes") for i in range(CHOICES)])
    (project / "test_mine.py").write_text(TEST.format(adapter=str(make_adapter(project / "adapter", 1))))
    said = resumed(project, "test_mine.py")
    assert f"{CASES - kept} by the model, {kept} from the journal" in said, said
    assert re.search(rf"^ +yes +{CHOICES} by the model; ", said, re.MULTILINE), said
    assert "test_mine.py . " in said, said


@pytest.mark.slow
def test_no_answer_is_lost_and_no_process_is_left(project):
    rng = random.Random(3)
    for server in (False, True, False):
        code, said = killed(project, rng, server=server)
        assert code == (1 if server else -signal.SIGKILL), said
        if server:
            assert re.search("exit code 137 while serving: the server was killed", said), said
    kept = len(answers(project))
    assert kept >= 3
    said = resumed(project)
    assert f"{CASES - kept} by the model, {kept} from the journal" in said, said
