"""Rows that fill up the last batches of an epoch where several processes share it: nothing is learnt from them.

accelerate fills up with rows of the epoch's begin, which would be learnt twice; a process without a batch would hang.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from accelerate.data_loader import BatchSamplerShard
from torch.utils.data import BatchSampler, Dataset

from pytest_ftgate.train.loss import IGNORED


class WithFiller(Dataset[Any]):
    """Rows {"asked", "answer"}, and after the last one, at place `len(rows)`, a short one whose labels are IGNORED."""

    def __init__(self, rows: Any) -> None:
        self._rows = rows
        token = rows[0]["answer"][0]
        self._filler = {"asked": [token], "answer": [token], "labels": [IGNORED]}

    def __len__(self) -> int:
        return len(self._rows) + 1

    def __getitem__(self, place: int) -> Any:
        """A row by its place, from 0."""
        return self._filler if place == len(self._rows) else self._rows[place]


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
