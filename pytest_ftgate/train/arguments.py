"""(TrainJob, Device) -> arguments of TRL's trainers that all methods share. Pure: no torch, no look at the machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_ftgate.serve.device import Device
from pytest_ftgate.train.job import TrainJob
from pytest_ftgate.train.strategies.configuration import processes, strategy
from pytest_ftgate.train.tuning import Tuning

SCHEDULER_KWARGS = {"cosine_with_min_lr": {"min_lr_rate": 0.1}}
"""What a scheduler cannot do without; see `optimizing` for the one that counts steps."""

LOWEST = {"min_lr", "min_lr_rate"}
"""Arguments of a scheduler of which one alone may be given."""

WHOLE = 1 - 1e-9
"""Share of the steps that is all of them; transformers takes 1 for one step."""

LIGER = {
    "use_liger_kernel": True,
    "liger_kernel_config": {"cross_entropy": False, "fused_linear_cross_entropy": False},
}
"""Its layers, but not its losses: ours looks at the answers alone."""

TOGETHER = {"ddp_find_unused_parameters": False, "ddp_timeout": 6 * 3600}
"""Of several processes. Seconds that they wait for the first one, which validates meanwhile; torchrun sees to one
that died."""


def arguments(job: TrainJob, folder: Path, device: Device) -> dict[str, Any]:
    """By name, for the configuration of each method. folder: of the checkpoints."""
    tuning, cuda = job.tuning, device.kind == "cuda"
    return {
        "output_dir": str(folder),
        "num_train_epochs": tuning.epochs,
        "max_steps": tuning.max_steps or -1,  # goes before epochs
        "learning_rate": tuning.learning_rate,
        "lr_scheduler_type": tuning.scheduler,
        "lr_scheduler_kwargs": _scheduler_kwargs(tuning),
        "warmup_steps": min(tuning.warmup, WHOLE),  # below 1 it is a share of all steps
        "per_device_train_batch_size": tuning.batch_size,
        "gradient_accumulation_steps": tuning.gradient_accumulation,
        "weight_decay": tuning.weight_decay,
        "max_grad_norm": tuning.max_grad_norm,
        "seed": tuning.seed,
        "data_seed": tuning.seed,
        "full_determinism": cuda and tuning.deterministic,  # on the CPU the kernels in use are deterministic
        "max_length": tuning.max_length,
        "optim": tuning.optimizer or _optimizer(strategy(job), cuda=cuda),
        "neftune_noise_alpha": tuning.neftune_alpha or None,
        "bf16": cuda and job.dtype == "bfloat16",  # on the CPU the weights have their precision already,
        "fp16": cuda and job.dtype == "float16",  # and autocast would only add casts
        "gradient_checkpointing": cuda,
        "use_cpu": not cuda,
        "dataloader_pin_memory": cuda,
        "remove_unused_columns": False,
        "save_strategy": "no",  # `callback.Keeper` says when
        "save_total_limit": 2,
        "eval_strategy": "no",
        "logging_steps": 1,
        "disable_tqdm": True,
        "report_to": list(job.report_to) or "none",
        "run_name": job.name,
        **(TOGETHER if processes(job) > 1 else {}),
        **(LIGER if tuning.kernels == "liger" else {}),
        **{name: value for name, value in tuning.extra.items() if name != "lr_scheduler_kwargs"},
    }


def _scheduler_kwargs(tuning: Tuning) -> Any:
    """Those of [train.extra], with what the scheduler cannot do without if they lack it."""
    own = tuning.extra.get("lr_scheduler_kwargs", {})
    if not isinstance(own, Mapping) or own.keys() & LOWEST:
        return own
    return SCHEDULER_KWARGS.get(tuning.scheduler, {}) | dict(own)


def _optimizer(shared: str, *, cuda: bool) -> str:
    """AdamW. Its paged form with states in 8 bits knows no weight that is shared out: of FSDP, and of DeepSpeed."""
    if shared.startswith("deepspeed"):
        return "adamw_torch"  # accelerate makes DeepSpeed's own of it where states wait on the CPU
    return "paged_adamw_8bit" if cuda and shared == "ddp" else "adamw_torch_fused"
