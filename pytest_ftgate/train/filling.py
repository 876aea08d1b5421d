"""Rows that fill up the last batches of an epoch where several processes share it: nothing is learnt from them.

accelerate fills up with rows of the epoch's begin, which would be learnt twice; a process without a batch would hang.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from accelerate.data_loader import BatchSamplerShard
from torch.utils.data import BatchSampler, Dataset

from pytest_ftgate.train.loss import IGNORED


class WithFiller(Dataset[Any]):
    """Rows, and after the last one, at place `len(rows)`, another that stands for none of them."""

    def __init__(self, rows: Any, filler: Any) -> None:
        self._rows, self._filler = rows, filler

    def __len__(self) -> int:
        return len(self._rows) + 1

    def __getitem__(self, place: int) -> Any:
        """A row by its place, from 0."""
        return self._filler if place == len(self._rows) else self._rows[place]


def unlearnt(row: Mapping[str, Any]) -> dict[str, Any]:
    """A filler for rows {"asked", "answer"}: a short one whose labels are IGNORED."""
    token = row["answer"][0]
    return {"asked": [token], "answer": [token], "labels": [IGNORED]}


REAL = "real"
"""Key of a batch: which of its rows are to be learnt, [rows]."""


class Marking:
    """A collator whose batches say which of their rows are none of the fillers that `marked` makes."""

    def __init__(self, collate: Callable[[Any], Any]) -> None:
        self._collate = collate

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> Any:
        """One batch."""
        real = torch.tensor([row.get(REAL, True) for row in rows])
        plain = [{key: value for key, value in row.items() if key != REAL} for row in rows]
        return {**self._collate(plain), REAL: real}


def marked(row: Mapping[str, Any]) -> dict[str, Any]:
    """A filler of any kind: the row once more, from which nothing is to be learnt."""
    return {**row, REAL: False}


class Filling:
    """Stands before a trainer of TRL: of several processes each learns every row once."""

    accelerator: Any
    data_collator: Any
    train_dataset: Any
    _train_batch_size: int

    def get_train_dataloader(self) -> Any:
        """What lacks in the last step is filled up."""
        if self.accelerator.num_processes == 1:
            return super().get_train_dataloader()  # type: ignore[misc]
        rows = self.train_dataset
        batch, sampler = self._train_batch_size, lambda _: self._get_train_sampler(rows)  # type: ignore[attr-defined]
        filled = WithFiller(rows, self.filler(rows[0]))
        loader = self._get_dataloader(filled, "Training", batch, sampler, is_training=True)  # type: ignore[attr-defined]
        fill_up(loader, filler=len(rows))
        return loader

    def filler(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row from which nothing is learnt. row: one of the others."""
        return unlearnt(row)


class FillingByRow(Filling):
    """The same for losses that are the mean of those of rows: a filler's log-probabilities are held fast."""

    real: torch.Tensor | None = None

    def filler(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The row, marked; from here on batches say what is marked."""
        if not isinstance(self.data_collator, Marking):
            self.data_collator = Marking(self.data_collator)
        return marked(row)

    def compute_loss(self, model: Any, inputs: dict[str, Any], *rest: Any, **named: Any) -> Any:
        """TRL's; its gradient is that of the mean over the real rows of all processes."""
        self.real = inputs.pop(REAL, None)
        if self.real is None:
            return super().compute_loss(model, inputs, *rest, **named)  # type: ignore[misc]
        everywhere = self.accelerator.reduce(self.real.sum().float(), "sum")
        with _held(model, self.real):
            loss = super().compute_loss(model, inputs, *rest, **named)  # type: ignore[misc]
        return loss * (len(self.real) * self.accelerator.num_processes / everywhere)

    def held(self, of_rows: torch.Tensor) -> torch.Tensor:
        """Numbers of rows, [rows], without a gradient for fillers."""
        return of_rows if self.real is None else torch.where(self.real, of_rows, of_rows.detach())


@contextmanager
def _held(model: Any, real: torch.Tensor) -> Iterator[None]:
    """Give the log-probabilities that the model returns, [rows or twice as many, tokens], no gradient for fillers."""

    def hold(_module: Any, _inputs: Any, said: Any) -> None:
        if (found := getattr(said, "log_probs", None)) is not None:
            rows = real.repeat(len(found) // len(real))[:, None]
            said.log_probs = torch.where(rows, found, found.detach())

    handle = model.register_forward_hook(hold)
    try:
        yield
    finally:
        handle.remove()


class Filled(BatchSampler):
    """The batches of another sampler: each one whole, and as many as let each of `processes` have as many.

    filler: the place that is drawn at the end for what lacks.
    """

    def __init__(self, batches: BatchSampler, processes: int, filler: int) -> None:
        super().__init__(batches.sampler, batches.batch_size, drop_last=False)
        self._batches, self._processes, self._filler = batches, processes, filler

    def __len__(self) -> int:
        return len(self._batches) + -len(self._batches) % self._processes

    def __iter__(self) -> Iterator[list[int]]:
        """An epoch."""
        for batch in self._batches:
            yield [*batch, *[self._filler] * (self.batch_size - len(batch))]
        for _ in range(-len(self._batches) % self._processes):
            yield [self._filler] * self.batch_size


def fill_up(loader: Any, filler: int) -> None:
    """Let the loader, as accelerate has prepared it for one of several processes, draw the filler at the end."""
    shard = loader.batch_sampler
    if isinstance(shard, BatchSamplerShard) and shard.num_processes > 1 and not shard.drop_last:
        shard.batch_sampler = Filled(shard.batch_sampler, shard.num_processes, filler)
