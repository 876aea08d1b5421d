"""Folder with job.json -> adapter and manifest.json. The trainer's process: `accelerate launch ...worker DIR STATE`."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pytest_ftgate.errors import FtgateError, TrainError
from pytest_ftgate.files.escape import printable
from pytest_ftgate.files.file_lock import lock_if_free
from pytest_ftgate.files.seal import state_key
from pytest_ftgate.train.events import FILE as EVENTS
from pytest_ftgate.train.events import EventLog
from pytest_ftgate.train.job import TrainJob
from pytest_ftgate.train.kernels import load_unsloth
from pytest_ftgate.train.strategies.configuration import processes
from pytest_ftgate.train.strategies.parent import end_with_parent

LOCK_WAIT_S = 30.0
"""Seconds to wait for the trainer of a killed session, which is on its way out."""

OUT_OF_MEMORY = ("can't allocate memory", "out of memory", "Cannot allocate memory", "std::bad_alloc")
"""What torch, CUDA, the C library and C++ say."""


def main(out_dir: Path, state_dir: Path | None = None) -> int:
    """Exit code: 0 finished, 1 the user's fault or out of memory, each told by the event "failed".

    Each of several processes calls it; a crash of one is told so too.

    state_dir: the state folder, whose key seals the manifest.
    """
    log = EventLog(out_dir / EVENTS)
    with _locked(out_dir), _crash_told(log):
        try:
            job = TrainJob.read(out_dir / "job.json")
            _check_count(job)
            if job.tuning.kernels == "unsloth":
                load_unsloth()
            from pytest_ftgate.train.run import run

            run(job, out_dir, log, state_key(state_dir) if state_dir else b"")
        except FtgateError as error:
            log("failed", text=printable(str(error)), kind="fault")
            return 1
        except (MemoryError, RuntimeError, OSError) as error:  # torch.OutOfMemoryError is a RuntimeError
            if not _is_out_of_memory(error):
                raise
            log("failed", text=printable(_line(error)), kind="memory")
            return 1
    return 0


def _check_count(job: TrainJob) -> None:
    """Of processes: with another one the rows of a step, so the weights, are not what the job's digest says."""
    started = int(os.environ.get("WORLD_SIZE") or 1)
    if started != processes(job):
        raise TrainError(
            f"accelerate started processes: {started}, and the job is one of {processes(job)}\n"
            "    set train.gpus in place of train.accelerate_config, and no WORLD_SIZE in the environment"
        )


@contextmanager
def _crash_told(log: EventLog) -> Iterator[None]:
    """One of several processes says why it dies: the last lines of their common log are those of torchrun."""
    rank, count = (os.environ.get(name, "") for name in ("RANK", "WORLD_SIZE"))
    try:
        yield
    except Exception as error:
        if count not in {"", "1"}:
            log("failed", text=printable(f"process {rank} of {count} (from 0): {_line(error)}"), kind="crash")
        raise


def _line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]


def _is_out_of_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or any(words in str(error) for words in OUT_OF_MEMORY)


@contextmanager
def _locked(out_dir: Path) -> Iterator[None]:
    """One trainer at a time works in a folder; its other ranks follow the first. Exits if another does not go away."""
    if os.environ.get("RANK", "0") != "0":
        yield
        return
    end = time.monotonic() + LOCK_WAIT_S
    with (out_dir / "lock").open("w") as stream:
        while not lock_if_free(stream.fileno()):
            if time.monotonic() > end:
                sys.exit(f"another session is training in {out_dir}; wait for it or stop it")
            time.sleep(0.2)
        yield


if __name__ == "__main__":
    end_with_parent()
    sys.exit(main(*map(Path, sys.argv[1:])))
