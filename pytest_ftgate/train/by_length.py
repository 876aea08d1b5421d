"""Lengths of rows -> an order in which the rows of a batch are of like length, drawn anew in each epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch.utils.data import Sampler
from transformers.trainer_pt_utils import get_length_grouped_indices


class ByLength(Sampler[int]):
    """Places of rows; the longest row stands in the first batch, so that memory runs out at once or not at all.

    lengths: tokens. batch: rows of a step. epoch: which one begins, from 0; with the seed it decides the order, so that
    a resumed run draws the same. Rows are sorted in groups of up to 50 steps, which themselves are drawn.
    """

    def __init__(self, lengths: Sequence[int], batch: int, seed: int, epoch: Callable[[], int]) -> None:
        self._lengths, self._batch, self._seed, self._epoch = lengths, batch, seed, epoch

    def __len__(self) -> int:
        return len(self._lengths)

    def __iter__(self) -> Iterator[int]:
        """The order of the epoch that begins."""
        generator = torch.Generator().manual_seed((self._seed << 20) + self._epoch())
        yield from get_length_grouped_indices(self._lengths, self._batch, generator=generator)
