"""Batches of like length: every row once an epoch, the same order for the same seed and epoch, also after a kill."""

from __future__ import annotations

import random

import pytest

from pytest_ftgate.train import callback
from pytest_ftgate.train.by_length import ByLength
from tests.unit.train.test_run import Killed, go, killed_at

LENGTHS = random.Random(0).choices(range(10, 400), k=403)


def order(seed=0, epoch=0):
    return list(ByLength(LENGTHS, 8, seed, lambda: epoch))


def test_each_epoch_has_every_row_once_in_an_order_of_its_own():
    assert sorted(order()) == list(range(403))
    assert order() == order()
    assert order() != order(epoch=1) != order(seed=1)
    assert max(LENGTHS) == LENGTHS[order()[0]]


def padding(places):
    batches = [[LENGTHS[place] for place in places[begin : begin + 8]] for begin in range(0, len(places), 8)]
    return sum(max(batch) * len(batch) for batch in batches) / sum(LENGTHS) - 1


def test_batches_hold_rows_of_like_length():
    assert padding(order()) < 0.15
    assert padding(range(403)) > 0.5


@pytest.mark.parametrize("packing", [False, True])
def test_a_killed_run_goes_on_in_the_same_order(make_job, tmp_path, monkeypatch, packing):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    job = make_job(group_by_length=True, packing=packing)
    whole = go(job, tmp_path / "whole")
    monkeypatch.setattr(callback, "CHECKPOINT_S", 0.0)
    with monkeypatch.context() as patch:
        killed_at(patch, 9)
        with pytest.raises(Killed):
            go(job, tmp_path / "out")
    resumed = go(job, tmp_path / "out")
    assert resumed.digest == whole.digest
    assert resumed.curves["loss"] == whole.curves["loss"]
