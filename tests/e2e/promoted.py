"""The first day of a user: `--train`, killed after a checkpoint and started again, which promotes v1."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psutil

from pytest_ftgate.registry import Registry, open_registry
from pytest_ftgate.registry.model_tags import DTYPE, tags_of
from pytest_ftgate.serve.adapter import adapter_digest
from pytest_ftgate.serve.model import Model
from tests.e2e.small_demo import TASK
from tests.e2e.vllm_models import BASE, make_adapter
from tests.e2e.workshop import Workshop, wait_for

KILL_S = 400
"""Usual seconds until the first checkpoint, of the full demo."""


@dataclass(frozen=True)
class Promoted:
    """The workshop of a promoted v1, never to be changed, and what the second start of `--train` printed."""

    workshop: Workshop
    said: str

    def day(self, path: Path) -> Workshop:
        """A copy for a test of its own."""
        return self.workshop.copy(path)


def train_killed_and_resumed(workshop: Workshop, usual_s: float) -> Promoted:
    """pytest is killed with SIGKILL once a checkpoint is whole; the trainer must not outlive it."""
    log = workshop.path / "killed.log"
    with log.open("w") as out:
        killed = subprocess.Popen(workshop.command(TASK, "--train"), cwd=workshop.path, stdout=out, stderr=out)
    try:
        found = wait_for(lambda: checkpoints(workshop.path), KILL_S, killed)
        assert found, f"nothing to kill:\n{log.read_text()}"
    finally:
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait()
    assert wait_for(lambda: not trainers(workshop.path)), "the trainer outlived pytest"
    done = workshop.run(TASK, "--train", "-v", usual_s=usual_s)
    assert done.returncode == 0, f"exit code {done.returncode}:\n{done.stdout}{done.stderr}"
    return Promoted(workshop, done.stdout)


def checkpoints(path: Path) -> list[Path]:
    """The marks of whole checkpoints."""
    return list(path.glob(".ftgate/runs/*/*/checkpoints/*/whole.json"))


def manifests(path: Path) -> list[Path]:
    """Those of finished trainings."""
    return sorted(path.glob(".ftgate/runs/*/*/manifest.json"))


def forget_trainings(workshop: Workshop) -> None:
    """The next --train has to train."""
    shutil.rmtree(workshop.path / ".ftgate/runs")


def trainers(path: Path) -> list[psutil.Process]:
    """Processes of ours at work below a folder."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or [])
        if "pytest_ftgate" in line and str(path) in line:
            found.append(process)
    return found


def add_champion(day: Workshop, folder: Path) -> Registry:
    """v2, an adapter of random weights, is promoted without frozen results, so that it has to be asked."""
    registry = open_registry(None, day.path / ".ftgate")
    dtype = registry.champion("sms_spam").tags[DTYPE]
    model = Model(str(BASE), dtype=dtype, adapter=make_adapter(folder, 1))
    run = registry.log_run("sms_spam", {}, {}, {}, {}, {})
    tags = {"verdict": "PROMOTE", "reason": "all checks pass"} | tags_of(model)
    version = registry.add_version("sms_spam", model.adapter, adapter_digest(model.adapter), run, tags)
    registry.promote("sms_spam", version.number, "all checks pass")
    return registry
