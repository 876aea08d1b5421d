"""TrainJob -> command line and environment of the trainer's processes."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pytest_ftgate.serve.compute import COMPUTING
from pytest_ftgate.serve.hub import offline
from pytest_ftgate.serve.model import Model
from pytest_ftgate.train.job import TrainJob


def command(job: TrainJob, out_dir: Path, state_dir: Path | None = None) -> list[str]:
    """`accelerate launch` of the worker: one process, or what train.accelerate_config says."""
    config = job.tuning.accelerate_config
    how = ["--config_file", config] if config else ["--num_processes", "1", "--num_machines", "1", *_SINGLE]
    threads = ["--num_cpu_threads_per_process", str(_threads(job))]
    launcher = [sys.executable, "-m", "accelerate.commands.launch", *how, *threads]
    return [*launcher, "--module", "pytest_ftgate.train.worker", str(out_dir), *([str(state_dir)] if state_dir else [])]


_SINGLE = ("--mixed_precision", "no", "--dynamo_backend", "no")


def environment(job: TrainJob) -> dict[str, str]:
    """The environment of this process, with allocator, threads, and nothing sent anywhere."""
    own = {
        **COMPUTING,
        "OMP_NUM_THREADS": str(_threads(job)),
        "PYTHONHASHSEED": "0",
        "TRANSFORMERS_VERBOSITY": "error",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
    return {**os.environ, **own, **offline(Model(job.base, job.revision))}


def _threads(job: TrainJob) -> int:
    return job.tuning.threads or len(os.sched_getaffinity(0))
