"""Memory of the device: given back, and made free while the training waits."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

NF4_BYTES = 0.516
"""Of a weight: 4 bits, and an 8-bit scale for each 64 weights, with a scale of its own for each 256 of those."""

CACHE = 0.5
"""Of the weights' bytes: keys, values and activations while 32 answers are written."""

RUNTIME = 2**30
"""Bytes that matrix products and a fragmented heap want besides."""


def free_memory() -> None:
    """Give back what nothing refers to any more, to the device too.

    4-bit weights of bitsandbytes refer to their module, which refers to them: without a collection they stay.
    """
    gc.collect()
    torch.cuda.empty_cache()  # does nothing without a GPU


def sets_aside(free: int, needed: int) -> bool:
    """Whether the training must leave the device before a model that needs so many bytes is loaded there."""
    return free < needed


def bytes_to_serve(model: Any, dtype: torch.dtype, quantized: bool) -> int:
    """Of memory, to load a model of the same shape in `dtype`, its linear layers in NF4 if quantized, and ask it."""
    head = model.get_output_embeddings()
    linear = {module for module in model.modules() if isinstance(module, torch.nn.Linear) and module is not head}
    in_linear = sum(module.in_features * module.out_features for module in linear)
    own = {id(module.weight) for module in linear}
    others = sum(weight.numel() for weight in model.parameters() if id(weight) not in own)
    weights = in_linear * (NF4_BYTES if quantized else dtype.itemsize) + others * dtype.itemsize
    return int(weights * (1 + CACHE)) + RUNTIME


@contextmanager
def room_for(needed: int, trainer: Any) -> Iterator[None]:
    """On a GPU with less than so many bytes free: weights and optimizer of the trainer lie in main memory meanwhile."""
    device = trainer.accelerator.device
    free_memory()
    if device.type != "cuda" or not sets_aside(torch.cuda.mem_get_info(device)[0], needed):
        yield
        return
    move(trainer, torch.device("cpu"))
    free_memory()
    try:
        yield
    finally:
        free_memory()
        move(trainer, device)


def move(trainer: Any, device: torch.device) -> None:
    """The trained model and the state of its optimizer, to a device. What is paged comes and goes by itself."""
    trainer.accelerator.unwrap_model(trainer.model).to(device)
    states = trainer.optimizer.state.values() if trainer.optimizer is not None else ()
    for state in states:
        for name, held in state.items():
            if isinstance(held, torch.Tensor) and not getattr(held, "is_paged", False):
                state[name] = held.to(device)
