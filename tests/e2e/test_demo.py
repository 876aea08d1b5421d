"""The demo as a user's first days: train (killed and resumed), promote, test the champion, retrain, reject, roll back.

The tests build on each other, in order; a real model, real NF4 training, a real registry.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

TASK = "goldens/sms_spam"


def wait_for(condition, timeout_s: float, process: subprocess.Popen) -> None:
    until = time.monotonic() + timeout_s
    while not condition():
        assert process.poll() is None, "pytest ended before it was to be killed"
        assert time.monotonic() < until, "nothing to kill in time"
        time.sleep(0.5)


def manifests(path: Path) -> list[dict]:
    return [json.loads(file.read_text()) for file in sorted(path.glob(".ftgate/runs/*/*/manifest.json"))]


def trainers(path: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or [])
        if "pytest_ftgate" in line and str(path) in line:
            found.append(process)
    return found


@pytest.fixture(scope="module")
def first(workshop) -> subprocess.CompletedProcess[str]:
    """The first training, killed with SIGKILL after a checkpoint and started again."""
    with (workshop.path / "killed.log").open("w") as log:
        killed = subprocess.Popen(workshop.command(TASK, "--train"), cwd=workshop.path, stdout=log, stderr=log)
        checkpoints = lambda: list(workshop.path.glob(".ftgate/runs/*/*/checkpoints/*/trainer_state.json"))  # noqa: E731
        wait_for(checkpoints, 900, killed)
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait()
    until = time.monotonic() + 30
    while trainers(workshop.path) and time.monotonic() < until:
        time.sleep(0.2)
    assert not trainers(workshop.path), "the trainer outlived pytest"
    return workshop.run(TASK, "--train", "-v")


def test_a_killed_training_resumes_and_its_model_is_promoted(first, workshop):
    assert first.returncode == 0, first.stdout + first.stderr
    assert "PROMOTED sms_spam v1" in first.stdout
    assert re.search(r"resum", first.stdout), "it went on from the checkpoint"
    for told in (
        "300 cases can resolve",
        "clean",
        "base on sms_spam",
        "epoch 1",
        "epoch 2",
        "integrity",
        "in 5 runs of 100 cases",
        "stages:",
        "reference ",
        "next:",
    ):
        assert told in first.stdout, told


def test_the_model_is_good_and_the_base_is_far_below(first):
    base = float(re.search(r"base on sms_spam: f1-spam ([\d.]+)", first.stdout).group(1))
    tuned = float(re.search(r"^ +f1-spam +([\d.]+)", first.stdout, re.M).group(1))
    assert tuned >= 0.90
    assert base <= tuned - 0.15


def test_what_the_model_forgot_is_shown_and_explained_but_decides_nothing(first, workshop):
    assert re.search(r"^  forgetting +ADVISORY +reject: ", first.stdout, re.M), first.stdout
    page = workshop.path / re.search(r"^  all cases: (\S+)", first.stdout, re.M)[1]
    explained = page.read_text(encoding="utf-8")
    assert "## general&#95;skills, forgetting: REJECT, advisory" in explained
    assert len(re.findall(r"^\| (?:arithmetic|knowledge|instruction|format)-\d+ \|", explained, re.M)) >= 20


def test_the_champion_from_the_registry_passes(first, workshop):
    result = workshop.run(TASK)
    assert result.returncode == 0, result.stdout
    assert "champion v1" in result.stdout
    assert "f1-spam" in result.stdout


def test_status_names_the_champion(first, workshop):
    status = workshop.ftgate("status")
    assert status.returncode == 0, status.stderr
    assert "sms_spam" in status.stdout
    assert "v1" in status.stdout


def test_the_first_night_is_steady(first, workshop):
    result = workshop.run("--canary")
    assert result.returncode == 0, result.stdout + result.stderr
    assert re.search(r"^STEADY sms_spam v1: [-+]\d\.\d points", result.stdout, re.M)
    nights = workshop.ftgate("canary", "sms_spam")
    assert nights.returncode == 0, nights.stderr
    assert len(re.findall(r"^\d{4}-\d\d-\d\d .* steady ", nights.stdout, re.M)) == 1


def test_the_same_seed_and_data_again_are_unchanged(first, workshop):
    result = workshop.run(TASK, "--train")
    assert result.returncode == 0, result.stdout
    assert "UNCHANGED sms_spam v1" in result.stdout


def test_a_model_that_learned_nothing_is_rejected_and_the_champion_stays(first, workshop):
    workshop.edit("pipelines/sms_spam/pipeline.toml", "learning_rate = 5e-4", "learning_rate = 0")
    workshop.edit("pipelines/sms_spam/pipeline.toml", "epochs = 2", "epochs = 1")
    workshop.edit("pipelines/sms_spam/pipeline.toml", 'allow = ["pii"]', 'allow = ["pii", "size"]')
    workshop.edit(
        "pipelines/sms_spam/pipeline.toml",
        re.search(r"max_rows = \d+", (workshop.path / "pipelines/sms_spam/pipeline.toml").read_text()).group(0),
        "max_rows = 16",
    )
    rows = (workshop.path / "pipelines/sms_spam/data/validation.jsonl").read_text().splitlines(keepends=True)
    (workshop.path / "pipelines/sms_spam/data/validation.jsonl").write_text("".join(rows[:8]))
    result = workshop.run(TASK, "--train")
    assert result.returncode == 1, result.stdout
    assert re.search(r"^REJECT sms_spam", result.stdout, re.M), result.stdout
    assert "v1" in workshop.ftgate("status").stdout
    champion = workshop.run(f"{TASK}/golden.toml", "--co", "-q")
    assert champion.returncode == 0
    assert len(manifests(workshop.path)) == 2


def test_a_planted_leak_turns_the_verdict_into_integrity(first, workshop):
    golden = json.loads((workshop.path / TASK / "cases.jsonl").read_text().splitlines()[0])
    row = {"input": {"text": golden["input"]["text"]}, "expected": golden["expected"]}
    with (workshop.path / "pipelines/sms_spam/data/train.jsonl").open("a") as file:
        file.write(json.dumps(row) + "\n")
    result = workshop.run(TASK, "--train")
    assert result.returncode == 11, result.stdout
    assert "INTEGRITY sms_spam" in result.stdout
    assert golden["id"] in result.stdout
