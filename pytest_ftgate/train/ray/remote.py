"""(TrainJob, Cluster) -> Manifest: the fine-tune as a job on a Ray cluster, followed from here."""

from __future__ import annotations

import re
import shlex
import tempfile
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest_ftgate
from pytest_ftgate.errors import TrainError
from pytest_ftgate.files.escape import printable
from pytest_ftgate.files.seal import state_key
from pytest_ftgate.train.events import Event
from pytest_ftgate.train.job import TrainJob
from pytest_ftgate.train.manifest import Manifest
from pytest_ftgate.train.ray.cluster import Cluster
from pytest_ftgate.train.ray.jobs import Jobs
from pytest_ftgate.train.ray.lines import ERROR, RESULT, heard
from pytest_ftgate.train.ray.results import PART, fetch, install, of_a_trainer
from pytest_ftgate.train.ray.upload import FILE, Upload
from pytest_ftgate.train.strategies.configuration import processes_here

LAST_LINES = 20
OnEvent = Callable[[Event], None]


def train_on_ray(
    job: TrainJob, cluster: Cluster, out_dir: Path, on_event: OnEvent, state_dir: Path | None = None
) -> Manifest:
    """Submit the job, or find the one that an earlier run submitted, and follow it to its end.

    Ctrl-C stops the job; where this process is killed it goes on, and the next run finds it.
    Raises TrainError: what the trainer says, in its words; or what is wrong with cluster, upload or results.
    """
    remote = _Remote(job, cluster, out_dir, on_event)
    key = state_key(state_dir) if state_dir else b""
    last = remote.last
    if last is not None and last.status == "SUCCEEDED":
        try:
            return install(job, remote.fetched(last.submission_id), out_dir, key)
        except TrainError as error:  # the node that holds its files may be gone
            on_event({"event": "warning", "text": f"{error}\nit is submitted again"})
    name = last.submission_id if last is not None and not last.status.is_terminal() else remote.submit()
    return install(job, remote.fetched(name), out_dir, key)


class _Remote:
    """One job on one cluster.

    last: Ray's JobDetails of the newest job with this digest, None if there was none.
    """

    def __init__(self, job: TrainJob, cluster: Cluster, out_dir: Path, on_event: OnEvent) -> None:
        self._job, self._cluster, self._out_dir, self._on_event = job, cluster, out_dir, on_event
        self._jobs = Jobs(cluster.url)
        storage = Path(cluster.storage) if cluster.storage else None
        self._shared = storage / "ftgate" / job.digest[:16] if storage else None
        self._upload = Upload(job, storage)
        self.last, self._free = self._jobs.attempts(job_name(job))

    def submit(self) -> str:
        """Upload and start; the name of the job."""
        cpus, gpus = self._cluster.cpus, self._gpus
        with tempfile.TemporaryDirectory(prefix="ftgate-ray-") as temporary:
            folder = self._shared or Path(temporary)
            folder.mkdir(parents=True, exist_ok=True)
            self._upload.write(folder)
            where = [str(folder / FILE), str(folder / "out"), f"{cpus:g}", str(gpus)] if self._shared else [FILE]
            runtime = self._cluster.runtime(Path(temporary), Path(pytest_ftgate.__file__).parent)
            entrypoint = shlex.join(["python", "-m", "pytest_ftgate.train.ray.worker", *where])
            spread = self._job.tuning.nodes > 1  # then the job itself reserves what each node needs
            self._jobs.submit(self._free, entrypoint, runtime, 0 if spread else cpus, 0 if spread else gpus)
        self._say("start", f"submitted the job {self._free} to the Ray cluster at {self._jobs.url}")
        return self._free

    def fetched(self, name: str) -> Path:
        """Follow a job to its end; the folder with its files."""
        followed = _Followed(self._upload, self._on_event)
        if self.last is not None and self.last.submission_id == name:
            self._say("start", f"following the job {name} on the Ray cluster at {self._jobs.url}")
        needs = {} if self._job.tuning.nodes > 1 else {"GPU": float(self._gpus), "CPU": float(self._cluster.cpus)}
        info = self._jobs.follow(name, followed.take, needs, lambda text: self._say("warning", text))
        if followed.result is None:
            raise followed.error(name, info)
        shared = self._shared / "out" if self._shared else None
        return fetch(self._jobs, str(info.driver_node_id), followed.result, self._out_dir / PART, of_a_trainer, shared)

    @property
    def _gpus(self) -> int:
        return processes_here(self._job) if self._cluster.use_gpu else 0

    def _say(self, event: str, text: str) -> None:
        self._on_event({"event": event, "text": text})


class _Followed:
    """The lines of a job -> events handed on, its result, and why it failed."""

    def __init__(self, upload: Upload, on_event: OnEvent) -> None:
        self._upload, self._on_event = upload, on_event
        self._last: deque[str] = deque(maxlen=LAST_LINES)
        self._error = ""
        self.result: dict[str, Any] | None = None

    def take(self, line: str) -> None:
        event = heard(line)
        if event is None:
            if line.strip():
                self._last.append(line)
        elif event["event"] == RESULT:
            self.result = event
        elif event["event"] == ERROR:
            self._error = self._upload.as_here(str(event["text"]))
        else:
            if "text" in event:
                event["text"] = self._upload.as_here(str(event["text"]))
            self._on_event(event)

    def error(self, name: str, info: Any) -> TrainError:
        """Of a job that has ended without a result."""
        if self._error:
            return TrainError(printable(self._error))
        if info.status == "STOPPED":
            return TrainError(f"the job {name} was stopped on the Ray cluster\n    run again to submit it again")
        said = printable(str(info.message or "").partition(", last available logs")[0])
        lines = "\n".join(f"    {printable(line)}" for line in self._last)
        return TrainError(f"the job {name} on the Ray cluster failed: {said}\nits last lines:\n{lines or '    (none)'}")


def job_name(job: TrainJob) -> str:
    """The submission id: the pipeline and the first 16 digits of the digest."""
    return f"ftgate-{re.sub(r'[^A-Za-z0-9_-]', '-', job.name)}-{job.digest[:16]}"
