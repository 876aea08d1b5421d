"""(TrainJob, folder) -> Manifest: the trainer as a process of its own, its events handed on while it works."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from pytest_ftgate.errors import ServeError, TrainError
from pytest_ftgate.files.atomic import write_text
from pytest_ftgate.files.seal import seal, state_key
from pytest_ftgate.serve.adapter import adapter_digest
from pytest_ftgate.serve.device import this_device
from pytest_ftgate.serve.model import folder_digest
from pytest_ftgate.serve.servers.process import ProcessGroup
from pytest_ftgate.train.events import FILE as EVENTS
from pytest_ftgate.train.events import Event, EventTail
from pytest_ftgate.train.job import TrainJob
from pytest_ftgate.train.launch_line import command, environment
from pytest_ftgate.train.libraries import check_libraries
from pytest_ftgate.train.manifest import FILE as MANIFEST
from pytest_ftgate.train.manifest import Manifest, is_sealed, read_manifest
from pytest_ftgate.train.out_of_memory import LOADING, out_of_memory
from pytest_ftgate.train.strategies.configuration import FILE as ACCELERATE
from pytest_ftgate.train.strategies.configuration import configuration
from pytest_ftgate.train.strategies.follow import invitation
from pytest_ftgate.train.strategies.node import node_of

JOB = "job.json"
LOG = "train.log"
BEGUN = "begun"
"""File with a seal: a run that has the key of the state folder began here, so its checkpoints may be gone on from."""
TRAINED = ("checkpoints", "initial", "epochs", "adapter", "tokens")
POLL_S = 0.1
KILLED = ("SIGKILL", "std::bad_alloc", "Cannot allocate memory")
"""In the log of a process that could not even say that it was out of memory."""

OnEvent = Callable[[Event], None]


def train(job: TrainJob, out_dir: Path, on_event: OnEvent, state_dir: Path | None = None) -> Manifest:
    """Fine-tune, or return what is already there for the same job; a killed one goes on from its last checkpoint.

    on_event: called in this thread with each event of `events.py`. The trainer dies with this process.
    state_dir: only what a run of this state folder has written is taken; None: sealed without a key.
    Raises TrainError: out of memory, a fault in the data, a crash (with the last lines of the log); MissingExtra.
    """
    if (manifest := finished(job, out_dir, state_dir)) is not None:
        on_event({"event": "start", "text": f"already trained with the same settings and data: {manifest.digest[:12]}"})
        return manifest
    check_libraries(job.tuning, job.report_to)
    device, node = this_device(), node_of(os.environ, job.tuning.nodes)
    if planted := _planted(job, out_dir, _key(state_dir)):
        text = f"{planted} was not written by a run of this state folder, or was edited: trained again"
        on_event({"event": "warning", "text": text})
        _remove_trained(out_dir)
    _prepare(job, out_dir, _key(state_dir))
    write_text(out_dir / ACCELERATE, json.dumps(configuration(job, device), indent=1))
    if job.tuning.nodes > 1:
        on_event({"event": "start", "text": invitation(out_dir, job.tuning.nodes)})
    tail, last = EventTail(out_dir / EVENTS), _Last(on_event)
    group = ProcessGroup(
        command(job, device, out_dir, state_dir, node), out_dir / LOG, {**os.environ, **environment(job, device)}
    )
    try:
        while (code := group.exit_code()) is None:
            last.hand_on(tail)
            time.sleep(POLL_S)
        last.hand_on(tail)
    finally:
        group.stop()
    manifest = finished(job, out_dir, state_dir)
    if code or manifest is None:
        raise _error(job, group, code, last)
    return manifest


class _Last:
    """Hands events on, and remembers what was being done, and the first that says why it failed: others follow it."""

    def __init__(self, on_event: OnEvent) -> None:
        self._on_event = on_event
        self.failed: Event | None = None
        self.phase = LOADING

    def hand_on(self, tail: EventTail) -> None:
        for event in tail.new():
            if event["event"] == "failed":
                if self.failed:
                    continue
                self.failed = event
            if event["event"] == "phase":
                self.phase = event["phase"]
            self._on_event(event)


def finished(job: TrainJob, out_dir: Path, state_dir: Path | None = None) -> Manifest | None:
    """The manifest of this job, if a run of this state folder wrote it and the adapter is still what it says."""
    path = out_dir / MANIFEST
    if not is_sealed(path, _key(state_dir)):
        return None
    manifest = read_manifest(path)
    if manifest.job_digest != job.digest:
        return None
    digest_of = folder_digest if manifest.method == "full" else adapter_digest
    try:
        return manifest if digest_of(manifest.adapter) == manifest.digest else None
    except ServeError:
        return None


def _planted(job: TrainJob, out_dir: Path, key: bytes) -> Path | None:
    """What stands in the folder and was not written by a run that has the key; None if all was."""
    if (out_dir / MANIFEST).exists() and not is_sealed(out_dir / MANIFEST, key):
        return out_dir / MANIFEST
    begun = out_dir / BEGUN
    if begun.is_file() and begun.read_text(encoding="utf-8", errors="replace") == _begun(job, key):
        return None
    return next((out_dir / name for name in TRAINED if (out_dir / name).exists()), None)


def _begun(job: TrainJob, key: bytes) -> str:
    return seal(key, f"begun {job.digest}".encode())


def _prepare(job: TrainJob, out_dir: Path, key: bytes) -> None:
    """A folder for this job; what another job or library version has left in it is removed."""
    written = out_dir / JOB
    if written.is_file() and TrainJob.read(written).digest != job.digest:
        _remove_trained(out_dir)
    out_dir.mkdir(parents=True, exist_ok=True)
    (out_dir / MANIFEST).unlink(missing_ok=True)
    job.write(written)
    write_text(out_dir / BEGUN, _begun(job, key))


def _remove_trained(out_dir: Path) -> None:
    for name in TRAINED:
        shutil.rmtree(out_dir / name, ignore_errors=True)
    (out_dir / EVENTS).unlink(missing_ok=True)


def _key(state_dir: Path | None) -> bytes:
    return state_key(state_dir) if state_dir else b""


def _error(job: TrainJob, group: ProcessGroup, code: int | None, last: _Last) -> TrainError:
    """What happened, in the user's words."""
    failed = last.failed
    if failed and failed["kind"] == "fault":
        return TrainError(str(failed["text"]))
    tail = group.log_tail(20)
    if failed and failed["kind"] == "memory":
        return TrainError(out_of_memory(job, last.phase, str(failed["text"])))
    if code == 137 or any(word in tail for word in KILLED):
        ranks = _RANK.findall(tail)
        killed = f"process {ranks[-1]} (from 0)" if ranks else "the process"
        return TrainError(out_of_memory(job, last.phase, f"{killed} was killed, probably out of memory"))
    if failed:
        return TrainError(f"the trainer crashed in {failed['text']}\n    details in {group.log}; {RESUME}")
    what = f"the trainer exited with code {code} without a manifest"
    return TrainError(f"{what}; last lines of {group.log}:\n{tail}\n{RESUME}")


RESUME = "run again with --train to resume from the last checkpoint"
_RANK = re.compile(r"rank\s*: (\d+)[^\n]*\n\s*exitcode\s*: -9\b")
"""In torchrun's report, of a process that SIGKILL ended."""
