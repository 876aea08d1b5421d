"""Batches of several processes: each row once, and what lacks at the end is a row that teaches nothing."""

from __future__ import annotations

import pytest
import torch
from accelerate.data_loader import BatchSamplerShard
from torch.utils.data import BatchSampler, SequentialSampler

from pytest_ftgate.train.filling import Filled, WithFiller, unlearnt
from pytest_ftgate.train.loss import IGNORED, Collator, answer_loss
from pytest_ftgate.train.packing import keep_rows_apart

LEARNT = {"asked": [3, 4], "answer": [5, 2]}


@pytest.mark.parametrize("rows", [1, 7, 8, 24, 26, 29])
@pytest.mark.parametrize("processes", [2, 3])
def test_every_process_has_as_many_whole_batches_and_no_row_comes_twice(rows, processes):
    batches = Filled(BatchSampler(SequentialSampler(range(rows)), 4, drop_last=False), processes, filler=rows)
    each = [list(BatchSamplerShard(batches, processes, rank)) for rank in range(processes)]
    assert {len(mine) for mine in each} == {-(-rows // (4 * processes))} == {len(batches) // processes}
    drawn = [place for step in zip(*each, strict=True) for batch in step for place in batch]
    assert drawn == [*range(rows), *[rows] * (len(drawn) - rows)]


@pytest.mark.parametrize("packing", [False, True])
def test_a_batch_of_fillers_alone_has_no_loss_and_no_gradient(model, packing):
    rows = WithFiller([LEARNT], unlearnt(LEARNT))
    assert (len(rows), rows[0]["answer"], rows[1]["labels"]) == (2, [5, 2], [IGNORED])
    collate = keep_rows_apart(model) if packing else Collator(0)
    loss = answer_loss(model, collate([rows[1], rows[1]]), torch.tensor(7))
    loss.backward()
    assert loss == 0
    assert all(weight.grad is not None and not weight.grad.any() for weight in model.parameters())
