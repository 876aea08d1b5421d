"""(settings of a training) -> what must be installed for it, named before anything starts."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator, Sequence

from pytest_ftgate.errors import MissingExtra, TrainError
from pytest_ftgate.serve.device import Device, this_device
from pytest_ftgate.train.attention import attention
from pytest_ftgate.train.job import LIBRARIES
from pytest_ftgate.train.kernels import check_kernels
from pytest_ftgate.train.strategies.check import check_strategy
from pytest_ftgate.train.tuning import Tuning

KERNELS = {"liger": ("liger_kernel", "liger-kernel"), "unsloth": ("unsloth", "unsloth")}
"""Value of train.kernels -> module, and the package that has it."""

OPTIMIZERS = {
    "adamw_torch_xla": ("torch_xla", "torch-xla"),
    "adamw_torch_npu_fused": ("torch_npu", "torch-npu"),
    "adamw_torch_4bit": ("torchao", "torchao"),
    "adamw_torch_8bit": ("torchao", "torchao"),
    "adamw_anyprecision": ("torchdistx", "torchdistx"),
    "galore": ("galore_torch", "galore-torch"),
    "apollo": ("apollo_torch", "apollo-torch"),
    "grokadamw": ("grokadamw", "grokadamw"),
    "stable_adamw": ("optimi", "torch-optimi"),
}
"""Beginning of an optimizer's name -> module, and the package that has it."""

BITSANDBYTES = ("8bit", "32bit", "bnb", "ademamix")
"""In the names of optimizers of bitsandbytes."""


def check_libraries(tuning: Tuning, report_to: Sequence[str] = (), device: Device | None = None) -> None:
    """Raises MissingExtra, or TrainError that names a key of pipeline.toml and what to install for it.

    device: that trains; None = this machine.
    """
    device = device or this_device()
    needed = set(LIBRARIES) - (set() if _in_8bit(tuning) else {"bitsandbytes"})
    if missing := sorted(name for name in needed if not _installed(name)):
        raise MissingExtra(f"fine-tuning ({', '.join(missing)} not installed)", "train")
    if absent := [name for name in report_to if not _installed(name)]:
        names = ", ".join(absent)
        raise TrainError(f"tracking.report_to: {names} not installed; install or remove it")
    check_kernels(tuning.kernels, device)
    attention(tuning, device.kind)
    if tuning.extra.get("activation_offloading") and device.kind != "cuda":
        raise TrainError("train.extra.activation_offloading needs CUDA, found a CPU\n    remove it")
    check_strategy(tuning, device, os.environ)
    for key, module, package in _wanted(tuning):
        if not _installed(module):
            raise TrainError(
                f'train.{key} = "{getattr(tuning, key)}" needs {package}, which is not installed\n'
                f"    pip install {package}, or remove the key"
            )


def _in_8bit(tuning: Tuning) -> bool:
    own = tuning.optimizer in OPTIMIZERS
    return tuning.in_4bit or (not own and any(word in tuning.optimizer for word in BITSANDBYTES))


def _wanted(tuning: Tuning) -> Iterator[tuple[str, str, str]]:
    """(key of [train], module, package) of the optional libraries."""
    if tuning.kernels in KERNELS:
        yield "kernels", *KERNELS[tuning.kernels]
    for begin, (module, package) in OPTIMIZERS.items():
        if tuning.optimizer.startswith(begin):
            yield "optimizer", module, package


def _installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None
