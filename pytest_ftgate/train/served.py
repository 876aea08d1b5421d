"""(TrainJob, folder of an adapter, trainer) -> the model as it will be served; a second one in memory if need be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import torch

from pytest_ftgate.train.job import TrainJob
from pytest_ftgate.train.models import serving_model
from pytest_ftgate.train.precision import is_whole, shares_base
from pytest_ftgate.train.room import bytes_to_serve, free_memory, room_for
from pytest_ftgate.train.strategies.unshared import unshared

T = TypeVar("T")


def ask_as_served(job: TrainJob, folder: Path, step: int, trainer: Any, ask: Callable[[Any], T]) -> T:
    """What `ask` says of the weights of `folder`, saved after `step`, in the precision that is served.

    Where the base in the trainer's memory is the one that is served, it is asked itself, and is then what it was.
    Else a second one is loaded, on a GPU with too little memory for both while the training waits in main memory
    (not of several processes: DDP and FSDP hold on to where their weights are).
    """
    kind, whole = trainer.accelerator.device.type, job.tuning.method == "full"
    if shares_base(job, kind) and (not whole or trainer.state.global_step == step):
        with training_model(trainer, folder, getattr(torch, job.dtype)) as model:
            return ask(model)
    trained = trainer.accelerator.unwrap_model(trainer.model)
    needed = bytes_to_serve(trained, getattr(torch, job.dtype), job.quantization is not None)
    alone = trainer.accelerator.num_processes == 1 and is_whole(job)
    with room_for(needed, trainer) if alone else unshared(trainer):
        try:
            return ask(serving_model(job, folder))
        finally:
            free_memory()


@contextmanager
def training_model(trainer: Any, folder: Path, dtype: torch.dtype) -> Iterator[Any]:
    """The model that is trained, as it would be served: with the adapter of `folder` in `dtype`, without autocast,

    gradient checkpoints and dropout, with the attention that a server has.
    """
    model = trainer.accelerator.unwrap_model(trainer.model)
    with ExitStack() as stack:
        if hasattr(model, "peft_config"):
            stack.enter_context(_adapter(model, folder, dtype))
        stack.enter_context(_attention(model.get_base_model() if hasattr(model, "peft_config") else model))
        stack.enter_context(_without_autocast(model))
        stack.enter_context(_evaluating(model))
        yield model


@contextmanager
def _adapter(model: Any, folder: Path, dtype: torch.dtype) -> Iterator[None]:
    """The weights of the file in place of those that are trained, which wait untouched.

    Weights of their own, not other data in these: with another precision of its data a weight loses the hooks by
    which the processes of DDP tell each other their gradients, and they would wait for each other for ever.
    """
    from peft import set_peft_model_state_dict
    from safetensors.torch import load_file

    trained = [
        (module._parameters, name, weight)
        for module in model.modules()
        for name, weight in module._parameters.items()
        if weight is not None and weight.requires_grad
    ]
    try:
        for weights, name, weight in trained:
            weights[name] = torch.nn.Parameter(torch.empty_like(weight, dtype=dtype))
        set_peft_model_state_dict(model, load_file(folder / "adapter_model.safetensors"))
        yield
    finally:
        for weights, name, weight in trained:
            weights[name] = weight


@contextmanager
def _attention(base: Any) -> Iterator[None]:
    """What `load_weights` would have chosen."""
    before = base.config._attn_implementation
    base.set_attn_implementation("sdpa" if base._supports_sdpa else "eager")
    try:
        yield
    finally:
        base.set_attn_implementation(before)


@contextmanager
def _without_autocast(model: Any) -> Iterator[None]:
    """Of mixed precision, in which accelerate wraps the forward pass; a server has none."""
    wrapped = vars(model).get("forward")
    original = vars(model).get("_original_forward")
    if original is None:
        yield
        return
    model.forward = original
    try:
        yield
    finally:
        model.forward = wrapped


@contextmanager
def _evaluating(model: Any) -> Iterator[None]:
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training
