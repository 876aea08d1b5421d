"""[train] kernels: faster layers of Liger Kernel or Unsloth, on CUDA alone. Written by their sources, and never run."""

from __future__ import annotations

import importlib
import os
from typing import Any

from pytest_ftgate.errors import TrainError
from pytest_ftgate.serve.device import Device
from pytest_ftgate.train.job import TrainJob


def check_kernels(kernels: str, device: Device) -> None:
    """Raises TrainError for kernels that the device cannot run."""
    if kernels and device.kind != "cuda":
        raise TrainError(
            f'train.kernels = "{kernels}" needs a CUDA GPU, and this machine computes on {device.name}\n'
            "    remove the key, or train on a machine with one"
        )


def load_unsloth() -> None:
    """Before transformers, TRL and PEFT, which it changes; our loss needs the logits that it would keep back."""
    os.environ["UNSLOTH_RETURN_LOGITS"] = "1"
    importlib.import_module("unsloth")


def unsloth_model(job: TrainJob) -> Any:
    """The base with its adapter, of the very weights that are served, not of a copy that Unsloth has quantised."""
    import torch

    fast = importlib.import_module("unsloth").FastLanguageModel
    tuning, lora = job.tuning, job.lora
    model, _ = fast.from_pretrained(
        job.base,
        revision=job.revision,
        max_seq_length=tuning.max_length,
        dtype=getattr(torch, job.dtype),
        load_in_4bit=tuning.in_4bit,
        full_finetuning=tuning.method == "full",
        use_exact_model_name=True,
    )
    if tuning.method == "full":
        return model
    modules = lora.target_modules
    return fast.get_peft_model(
        model,
        r=lora.r,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=modules if isinstance(modules, str) else list(modules),
        use_rslora=lora.rslora,
        random_state=tuning.seed,
        bias="none",
        **lora.extra,
    )
