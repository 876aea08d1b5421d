"""The longest rows before the first step: as on a GPU, here on the CPU."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from pytest_ftgate.train import callback, worker
from pytest_ftgate.train import run as running
from pytest_ftgate.train.events import EventLog, read_events
from pytest_ftgate.train.manifest import read_manifest
from pytest_ftgate.train.out_of_memory import out_of_memory
from pytest_ftgate.train.rehearsal import longest, rehearse
from pytest_ftgate.train.run import run
from pytest_ftgate.train.tuning import Lora


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture
def rehearsed(monkeypatch):
    """Each training begins as on a GPU; the widths of the batches that were rehearsed."""
    widths: list[tuple[int, ...]] = []
    begin = callback.Keeper.on_train_begin

    def on_train_begin(self, *args, **rest):
        step = self.trainer.training_step

        def seen(model, batch):
            widths.append(tuple(next(iter(batch.values())).shape))
            return step(model, batch)

        self.trainer.training_step = seen
        rehearse(self.trainer)
        self.trainer.training_step = step
        begin(self, *args, **rest)

    monkeypatch.setattr(callback.Keeper, "on_train_begin", on_train_begin)
    return widths


def go(job, out):
    out.mkdir()
    run(job, out, EventLog(out / "events.jsonl"))
    return read_manifest(out / "manifest.json")


@pytest.mark.parametrize("method", ["lora", "dpo", "kto", "orpo"])
def test_nothing_that_follows_is_changed_by_it(make_job, tmp_path, monkeypatch, request, method):
    """Dropout draws random numbers; gradients are accumulated; metrics are averages over batches."""
    job = make_job(method=method, epochs=1, lora=Lora(r=4, dropout=0.1), gradient_accumulation=2, load_in_4bit=False)
    if method != "lora":
        _write(method, Path(job.train_file))
    plain = go(job, tmp_path / "plain")
    widths = request.getfixturevalue("rehearsed")
    tried = go(job, tmp_path / "tried")
    assert len(widths) == 1
    assert widths[0][0] == (8 if method == "dpo" else 4)
    assert tried.digest == plain.digest
    assert tried.curves == plain.curves


def _write(method, path):
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    made = [
        {"prompt": row["input"], "chosen": row["expected"], "rejected": "no"}
        if method in {"dpo", "orpo"}
        else {"prompt": row["input"], "completion": row["expected"], "label": place % 3 > 0}
        for place, row in enumerate(rows)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in made))


def test_it_takes_the_longest_rows():
    from datasets import Dataset

    rows = Dataset.from_list([{"length": n, "asked": [n]} for n in (4, 9, 2, 7)])
    assert [row["asked"] for row in longest(rows, 2)] == [[9], [7]]
    assert len(longest(rows, 9)) == 4


def test_too_little_memory_is_told_before_the_first_step(make_job, tmp_path, monkeypatch):
    def raising(_trainer):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(callback, "rehearse", raising)
    monkeypatch.setattr(callback.Keeper, "on_gpu", True)
    job, out = make_job(method="lora"), tmp_path / "out"
    out.mkdir()
    job.write(out / "job.json")
    assert worker.main(out) == 1
    events = read_events(out / "events.jsonl")
    assert not [event for event in events if event["event"] == "step"]
    [phase] = [event["phase"] for event in events if event["event"] == "phase"]
    told = out_of_memory(job, phase, events[-1]["text"])
    assert told.startswith(
        "out of memory on the longest rows, which are tried before the first step: OutOfMemoryError: CUDA out of memory."
        "\n    set train.batch_size = 2 (now 4)"
    )


def test_on_a_gpu_the_loss_is_that_of_the_fused_head(make_job, tmp_path, monkeypatch):
    """As far as a CPU can show it: the curve is the same."""
    job = make_job(method="lora", epochs=1)
    plain = go(job, tmp_path / "plain")
    made = running.make_trainer

    def fused(*args):
        trainer = made(*args)
        trainer.fused = True
        return trainer

    monkeypatch.setattr(running, "make_trainer", fused)
    curve = dict(go(job, tmp_path / "fused").curves["loss"])
    assert curve == pytest.approx(dict(plain.curves["loss"]), rel=0.01)
