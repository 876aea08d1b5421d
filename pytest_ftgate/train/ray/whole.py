"""A whole run on a cluster: submitted or found again, its output printed, its state folder fetched, its exit code."""

from __future__ import annotations

import shlex
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import pytest_ftgate
from pytest_ftgate.errors import TrainError
from pytest_ftgate.files.seal import FILE as SEAL_KEY
from pytest_ftgate.files.text import shown
from pytest_ftgate.train.ray.cluster import Cluster
from pytest_ftgate.train.ray.command import NOT_BACK
from pytest_ftgate.train.ray.jobs import Jobs
from pytest_ftgate.train.ray.lines import ERROR, RESULT, heard
from pytest_ftgate.train.ray.project import Project
from pytest_ftgate.train.ray.results import fetch

FOLDER = "ray"
"""Below the state folder: what came back of runs whose files had changed here meanwhile, and which were fetched."""


class WholeRun:
    """One command in one project on one cluster."""

    def __init__(self, project: Project, command: Sequence[str], cluster: Cluster, gpus: int) -> None:
        self._project, self._command, self._cluster, self._gpus = project, list(command), cluster, gpus
        self._jobs = Jobs(cluster.url)
        self._result: dict[str, Any] | None = None
        self._error = ""

    def result(self, say: Callable[[str], None]) -> int:
        """The exit code of the command. say: prints a line. Raises TrainError if it was stopped, or never ran."""
        self._say = say
        last, free = self._jobs.attempts(self.name)
        if last is not None and not self._done(last.submission_id).exists() and last.status != "STOPPED":
            name = str(last.submission_id)
            self._say(f"following the job {name} on the Ray cluster at {self._jobs.url}")
        else:
            name = self._submit(free)
            self._say(f"submitted the job {name} to the Ray cluster at {self._jobs.url}")
        info = self._jobs.follow(name, self._take, {"GPU": self._gpus, "CPU": self._cluster.cpus}, self._say)
        if self._result is not None:
            self._bring_back(name, str(info.driver_node_id), self._result)
        self._done(name).parent.mkdir(parents=True, exist_ok=True)
        self._done(name).touch()
        if self._error:
            raise TrainError(self._error)
        if info.driver_exit_code is None or info.driver_exit_code < 0:
            said = str(info.message or "").partition(", last available logs")[0]
            raise TrainError(f"the job {name} on the Ray cluster ended without an exit code: {info.status}: {said}")
        return int(info.driver_exit_code)

    @property
    def name(self) -> str:
        """The submission id; another one for another command, other files, variables, libraries or GPUs and CPUs."""
        there = self._cluster
        asked = [self._command, self._gpus, there.cpus, dict(there.runtime_env), there.variables()]
        return f"ftgate-run-{self._project.digest(*asked)[:16]}"

    def _submit(self, name: str) -> str:
        root = self._project.root
        with tempfile.TemporaryDirectory(prefix="ftgate-ray-") as temporary:
            folder = Path(temporary)
            if not self._project.in_place:
                self._project.write(folder)
            there = ["python", "-m", "pytest_ftgate.train.ray.command", name, self._project.state_name, *self._command]
            entrypoint = shlex.join(there)
            if self._project.in_place:
                entrypoint = f"cd {shlex.quote(str(root))} && {entrypoint}"
            runtime = self._cluster.runtime(folder, Path(pytest_ftgate.__file__).parent)
            self._jobs.submit(name, entrypoint, runtime, self._cluster.cpus, self._gpus)
        return name

    def _take(self, line: str) -> None:
        event = heard(line)
        if event is None:
            self._say(line)
        elif event["event"] == RESULT:
            self._result = event
        elif event["event"] == ERROR:
            self._error = str(event["text"])

    def _bring_back(self, name: str, node: str, result: dict[str, Any]) -> None:
        aside = self._project.state_dir / FOLDER / name
        part = aside.with_name(f"part.{name}")
        fetch(self._jobs, node, result, part, _below_state)
        beside = self._project.take(part, result["files"], aside)
        shutil.rmtree(part)
        state = shown(self._project.state_dir)
        self._say(f"{len(result['files']) - len(beside)} files came back into {state}")
        if beside:
            self._say(f"{len(beside)} changed here meanwhile and were kept; those of the cluster are in {shown(aside)}")

    def _done(self, name: str) -> Path:
        return self._project.state_dir / FOLDER / f"{name}.fetched"


def _below_state(name: str) -> bool:
    parts = PurePosixPath(name).parts
    inside = bool(parts) and not name.startswith("/") and ".." not in parts
    return inside and not parts[0].startswith((*NOT_BACK, SEAL_KEY))
