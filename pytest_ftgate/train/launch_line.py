"""(TrainJob, Device) -> command line and environment of the trainer's processes. Pure: no look at the machine."""

from __future__ import annotations

import sys
from pathlib import Path

from pytest_ftgate.serve.compute import COMPUTING
from pytest_ftgate.serve.device import Device, gpu_environment
from pytest_ftgate.train.job import TrainJob


def command(job: TrainJob, device: Device, out_dir: Path, state_dir: Path | None = None) -> list[str]:
    """`accelerate launch` of the worker: one process, or what train.accelerate_config says."""
    config = job.tuning.accelerate_config
    how = ["--config_file", config] if config else ["--num_processes", "1", "--num_machines", "1", *_SINGLE]
    threads = ["--num_cpu_threads_per_process", str(_threads(job, device))]
    launcher = [sys.executable, "-m", "accelerate.commands.launch", *how, *threads]
    return [*launcher, "--module", "pytest_ftgate.train.worker", str(out_dir), *([str(state_dir)] if state_dir else [])]


_SINGLE = ("--mixed_precision", "no", "--dynamo_backend", "no")


def environment(job: TrainJob, device: Device) -> dict[str, str]:
    """What is added to the environment: allocator, threads, the GPUs that train alone, and nothing sent anywhere."""
    own = {
        **COMPUTING,
        **gpu_environment(device, 0 if job.tuning.accelerate_config else job.tuning.gpus),
        "OMP_NUM_THREADS": str(_threads(job, device)),
        "PYTHONHASHSEED": "0",
        "TRANSFORMERS_VERBOSITY": "error",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
    if Path(job.base).is_dir():
        own["HF_HUB_OFFLINE"] = "1"
    return own


def _threads(job: TrainJob, device: Device) -> int:
    return job.tuning.threads or device.cores or 1
