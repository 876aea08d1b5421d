"""Trainer -> a step on its longest rows before the first one, so that memory runs out at once or not at all."""

from __future__ import annotations

import heapq
import random
from typing import Any

import torch

from pytest_ftgate.train.shards import LENGTH


def rehearse(trainer: Any) -> None:
    """Forward and backward pass of as many of the longest rows as a device takes at a time; then all is as it was.

    No optimizer moves. Every process must call it. Not for DeepSpeed, which counts backward passes,
    nor where the answers are drawn.
    """
    if trainer.is_deepspeed_enabled or not trainer.can_rehearse:
        return
    rows = longest(trainer.train_dataset, trainer.args.per_device_train_batch_size)
    gpus, python = [torch.cuda.current_device()] if torch.cuda.is_available() else [], random.getstate()
    accumulated = getattr(trainer, "current_gradient_accumulation_steps", 1)
    trainer.current_gradient_accumulation_steps = 1
    with torch.random.fork_rng(gpus):
        trainer.training_step(trainer.model_wrapped, trainer.data_collator(rows))
    random.setstate(python)
    trainer.current_gradient_accumulation_steps = accumulated
    trainer.model_wrapped.zero_grad(set_to_none=True)
    kept = trainer._metrics if hasattr(trainer, "_metrics") else trainer._stored_metrics
    for metrics in kept.values():  # of TRL, which adds to them in each pass
        metrics.clear()


def longest(dataset: Any, count: int) -> list[dict[str, Any]]:
    """The `count` rows of the most tokens, or all if there are fewer; the longest first."""
    lengths = dataset[LENGTH][:]
    return [dataset[place] for place in heapq.nlargest(count, range(len(dataset)), lengths.__getitem__)]
