"""(TrainJob, Device) -> the configuration of accelerate. Pure: no look at the machine.

One is always passed, so that the default configuration of a user (`accelerate config`) is never read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_ftgate.serve.device import Device
from pytest_ftgate.train.job import TrainJob
from pytest_ftgate.train.tuning import Tuning

FILE = "accelerate.json"
"""Name of the configuration in the folder of the run."""

SHARDED = ("fsdp", "deepspeed-3")
"""Strategies under which no process holds all weights: what is saved must be gathered by all of them together."""


def processes(job: TrainJob) -> int:
    """Of the whole training, on all machines: what batch_size x gradient_accumulation is multiplied by."""
    if job.accelerate:
        return int(job.accelerate.get("num_processes", 1))
    return job.tuning.gpus * job.tuning.nodes


def processes_here(job: TrainJob) -> int:
    """Of each machine."""
    machines = int(job.accelerate.get("num_machines", 1)) if job.accelerate else job.tuning.nodes
    return processes(job) // machines


def strategy(job: TrainJob) -> str:
    """Of the job, as [train] strategy has it; of train.accelerate_config, what comes nearest to its content."""
    return strategy_of(job.accelerate) if job.accelerate else job.tuning.strategy


def strategy_of(accelerate: Mapping[str, Any]) -> str:
    """What comes nearest to the content of train.accelerate_config."""
    kind = str(accelerate.get("distributed_type")).upper()
    stage = (accelerate.get("deepspeed_config") or {}).get("zero_stage", 2)
    return {"FSDP": "fsdp", "DEEPSPEED": f"deepspeed-{stage}"}.get(kind, "ddp")


def configuration(job: TrainJob, device: Device) -> dict[str, Any]:
    """As `accelerate launch --config_file` takes it; that of train.accelerate_config as it is, if there is one.

    The same on every machine: which one it is says the command line, see `launch_line.command`.
    """
    if job.accelerate:
        return dict(job.accelerate)
    tuning = job.tuning
    return {
        "compute_environment": "LOCAL_MACHINE",
        "debug": False,
        "mixed_precision": "no",  # `arguments` says in which precision is computed
        "num_processes": processes(job),
        "num_machines": tuning.nodes,
        "use_cpu": device.kind == "cpu" and processes(job) > 1,
        "enable_cpu_affinity": False,
        "main_training_function": "main",
        **_meeting(tuning),
        **_shared(tuning, processes(job)),
    }


def _meeting(tuning: Tuning) -> dict[str, Any]:
    """Where the processes find each other: on one machine at a free port, so that two trainings do not collide."""
    if tuning.nodes == 1:
        return {"main_process_port": 0}
    return {"same_network": True, "rdzv_backend": "static"}


def _shared(tuning: Tuning, count: int) -> dict[str, Any]:
    if count == 1 and tuning.strategy == "ddp":
        return {"distributed_type": "NO"}
    if tuning.strategy == "ddp":
        return {"distributed_type": "MULTI_GPU"}  # under torchrun; with use_cpu its processes are on the CPU
    if tuning.strategy == "fsdp":
        return {"distributed_type": "FSDP", "fsdp_config": _fsdp(tuning)}
    return {"distributed_type": "DEEPSPEED", "deepspeed_config": _deepspeed(tuning)}


def _fsdp(tuning: Tuning) -> dict[str, Any]:
    """FSDP2, one unit for each decoder layer; what is frozen is shared out too, and NF4 in its storage type."""
    return {
        "fsdp_version": 2,
        "fsdp_reshard_after_forward": True,
        "fsdp_auto_wrap_policy": "TRANSFORMER_BASED_WRAP",
        "fsdp_cpu_ram_efficient_loading": True,
        "fsdp_sync_module_states": True,
        "fsdp_offload_params": tuning.cpu_offload,
        "fsdp_state_dict_type": "SHARDED_STATE_DICT",
        "fsdp_activation_checkpointing": False,  # `arguments` asks for it
    }


def _deepspeed(tuning: Tuning) -> dict[str, Any]:
    """ZeRO-2 or ZeRO-3. Accumulation and clipping must be those of the trainer."""
    stage, place = int(tuning.strategy[-1]), "cpu" if tuning.cpu_offload else "none"
    third = {"offload_param_device": place, "zero3_init_flag": True, "zero3_save_16bit_model": True}
    return {
        "zero_stage": stage,
        "offload_optimizer_device": place,
        "gradient_accumulation_steps": tuning.gradient_accumulation,
        "gradient_clipping": tuning.max_grad_norm,
        "deepspeed_multinode_launcher": "standard",
        **(third if stage == 3 else {"zero3_init_flag": False}),
    }
