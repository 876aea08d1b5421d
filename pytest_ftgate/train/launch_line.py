"""(TrainJob, Device) -> command line and environment of the trainer. Of the machine they ask the model cache alone."""

from __future__ import annotations

import sys
from pathlib import Path

from pytest_ftgate.serve.compute import COMPUTING
from pytest_ftgate.serve.device import Device, gpu_environment
from pytest_ftgate.serve.hub import offline
from pytest_ftgate.serve.model import Model
from pytest_ftgate.train.job import TrainJob
from pytest_ftgate.train.strategies.configuration import FILE as ACCELERATE
from pytest_ftgate.train.strategies.configuration import processes, processes_here
from pytest_ftgate.train.strategies.node import Node

ON_CPU = {"ACCELERATE_USE_CPU": "true"}
"""Several processes that are to meet by gloo, whatever accelerate finds in the machine."""


def command(
    job: TrainJob, device: Device, out_dir: Path, state_dir: Path | None = None, node: Node | None = None
) -> list[str]:
    """`accelerate launch` of the worker, by the configuration that lies in the folder: `strategies.configuration`.

    node: this machine, where there are several; each starts its own processes by its own command.
    """
    how = ["--config_file", str(out_dir / ACCELERATE), "--num_cpu_threads_per_process", str(_threads(job, device))]
    launcher = [sys.executable, "-m", "accelerate.commands.launch", *how, *_meeting(node or Node())]
    return [*launcher, "--module", "pytest_ftgate.train.worker", str(out_dir), *([str(state_dir)] if state_dir else [])]


def _meeting(node: Node) -> list[str]:
    """Which machine this is, and where the first one is reached; these win over the configuration."""
    if not node.address:
        return []
    where = ["--main_process_ip", node.address, "--main_process_port", str(node.port)]
    return ["--machine_rank", str(node.rank), *where]


def environment(job: TrainJob, device: Device) -> dict[str, str]:
    """What is added to the environment: allocator, threads, the GPUs that train alone, and nothing sent anywhere."""
    own = {
        **COMPUTING,
        **gpu_environment(device, 0 if job.accelerate else job.tuning.gpus),
        **(ON_CPU if device.kind == "cpu" and processes(job) > 1 else {}),
        "OMP_NUM_THREADS": str(_threads(job, device)),
        "PYTHONHASHSEED": "0",
        "TRANSFORMERS_VERBOSITY": "error",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
    return {**own, **offline(Model(job.base, job.revision))}


def _threads(job: TrainJob, device: Device) -> int:
    """Of each process: those of one machine share its cores."""
    return job.tuning.threads or max(1, device.cores // processes_here(job))
