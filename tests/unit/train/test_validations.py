"""Validations within an epoch: eval_steps, max_steps, patience, and a kill at any step between them."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from transformers import Trainer

from pytest_ftgate.golden.case import Prompt
from pytest_ftgate.train import callback
from pytest_ftgate.train.events import EventLog, read_events
from pytest_ftgate.train.job import TrainJob
from pytest_ftgate.train.manifest import read_manifest
from pytest_ftgate.train.run import run
from pytest_ftgate.train.tuning import Tuning
from pytest_ftgate.train.validate import _ask
from tests.unit.train.reads import examples_in


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def go(job, out):
    out.mkdir(exist_ok=True)
    run(job, out, EventLog(out / "events.jsonl"))
    return read_manifest(out / "manifest.json")


def texts(out, event):
    return [e["text"] for e in read_events(out / "events.jsonl") if e["event"] == event]


def steps(out):
    return [e["step"] for e in read_events(out / "events.jsonl") if e["event"] == "step"]


def test_eval_steps_validates_within_epochs_and_at_their_end(make_job, tmp_path):
    """Six steps an epoch."""
    job = make_job(method="lora", eval_steps=4, epochs=2)
    manifest = go(job, tmp_path / "out")
    assert [epoch.step for epoch in manifest.epochs] == [4, 6, 8, 12]
    assert [epoch.epoch for epoch in manifest.epochs] == pytest.approx([4 / 6, 1, 8 / 6, 2], rel=1e-5)
    assert [step for step, _ in manifest.curves["validation_loss"]] == [4, 6, 8, 12]
    loss = dict(manifest.curves["loss"])
    assert manifest.epochs[1].train_loss == pytest.approx((loss[5] + loss[6]) / 2)
    told = texts(tmp_path / "out", "validation")
    assert [text.split(":")[0] for text in told] == ["epoch 0.67 (step 4)", "epoch 1", "epoch 1.33 (step 8)", "epoch 2"]
    every_epoch = go(make_job(method="lora", epochs=2), tmp_path / "epochs")
    assert every_epoch.curves["loss"] == manifest.curves["loss"]
    assert every_epoch.epochs[-1].score == manifest.epochs[-1].score
    assert every_epoch.metrics["train_tokens"] == manifest.metrics["train_tokens"]


@pytest.mark.parametrize(("most", "validated"), [(2, [2]), (8, [6, 8]), (13, [6, 12, 13])])
def test_max_steps_ends_there_with_a_validation_whatever_epochs_says(make_job, tmp_path, most, validated):
    manifest = go(make_job(method="lora", max_steps=most, epochs=1), tmp_path / "out")
    assert [epoch.step for epoch in manifest.epochs] == validated
    told = read_events(tmp_path / "out" / "events.jsonl")
    assert {e["steps"] for e in told if e["event"] == "step"} == {most}
    assert manifest.metrics["train_tokens"] == pytest.approx(told[0]["tokens"], abs=1)
    assert f"24 rows x {most / 6:.4g} epochs" in texts(tmp_path / "out", "start")[0]


def test_patience_counts_validations_and_stops_within_an_epoch(make_job, tmp_path):
    """With a learning rate of 0 no validation is better than the first; two epochs with patience 3 never stopped."""
    job = make_job(method="lora", learning_rate=0.0, epochs=2, eval_steps=1, patience=3)
    manifest = go(job, tmp_path / "out")
    assert [epoch.step for epoch in manifest.epochs] == [1, 2, 3, 4] == steps(tmp_path / "out")
    assert manifest.best.step == 1
    assert texts(tmp_path / "out", "done")[0].startswith("best epoch 0.17 (step 1); ")


class Killed(BaseException):
    """As sudden as a signal for what it interrupts."""


def killed_at(patch, method, step):
    """Where Keeper's method begins, after its step has been logged."""
    original = getattr(callback.Keeper, method)

    def killing(self, args, state, control, **rest):
        if state.global_step == step:
            raise Killed
        return original(self, args, state, control, **rest)

    patch.setattr(callback.Keeper, method, killing)


@pytest.mark.parametrize(
    ("method", "checkpoints_s"),
    [
        ("on_step_end", 0.0),
        ("on_save", 1000.0),
        pytest.param("on_step_end", 1000.0, marks=pytest.mark.slow),
        pytest.param("on_epoch_end", 0.0, marks=pytest.mark.slow),
    ],
)
def test_a_run_killed_at_every_step_ends_as_one_that_was_not(make_job, tmp_path, monkeypatch, method, checkpoints_s):
    """Steps 1 to 7 of seven, four an epoch, each killed once: validations after 3, 4, 6 and 7."""
    job = make_job(method="lora", rows=16, eval_steps=3, max_steps=7)
    whole = go(job, tmp_path / "whole")
    assert [epoch.step for epoch in whole.epochs] == [3, 4, 6, 7]
    monkeypatch.setattr(callback, "CHECKPOINT_S", checkpoints_s)
    monkeypatch.setattr(callback, "SAVING", float("inf"))
    killed = 0
    for step in range(1, 8):
        with monkeypatch.context() as patch:
            killed_at(patch, method, step)
            try:
                resumed = go(job, tmp_path / "out")
            except Killed:
                killed += 1
    assert killed >= (2 if method == "on_epoch_end" else 4)
    resumed = go(job, tmp_path / "out")
    assert resumed.digest == whole.digest
    assert resumed.epochs == whole.epochs
    assert resumed.curves["loss"] == whole.curves["loss"]


def test_a_checkpoint_knows_how_long_it_took(make_job, tmp_path, monkeypatch):
    """Each takes half a second: after the first, a training of a few seconds has no time for any but at its end."""
    saved: list[float] = []
    original = Trainer._save_checkpoint

    def slow(self, *args):
        saved.append(time.monotonic())
        time.sleep(0.5)
        original(self, *args)

    monkeypatch.setattr(Trainer, "_save_checkpoint", slow)
    monkeypatch.setattr(callback, "CHECKPOINT_S", 0.0)
    go(make_job(method="lora", epochs=1), tmp_path / "out")
    gaps = [after - before for before, after in pairwise(saved[:-1])]
    assert len(saved) >= 2
    assert all(gap >= 0.5 / callback.SAVING for gap in gaps)


def test_passes_and_validations_follow_from_rows_and_steps():
    tuning = Tuning(batch_size=4, gradient_accumulation=2, epochs=3)
    assert (tuning.passes(80), tuning.validations(80)) == (3.0, 3.0)
    stepped = Tuning(batch_size=4, gradient_accumulation=2, epochs=3, max_steps=25, eval_steps=5)
    assert (stepped.passes(80), stepped.validations(80)) == (2.5, 2.5 + 5)


def test_validation_ends_answers_where_requests_stop_them(make_job, model, tokenizer):
    """As [request] stop does in the gate: else the best epoch is chosen by answers that are never given."""
    job = make_job(method="lora")
    rows = examples_in(Path(job.validation_file), Prompt.from_json(job.prompt), tokenizer)[:2]
    whole = [answer.text for answer in _ask(job, tokenizer, rows, model.eval()).answers]
    stop = next(character for character in whole[0][1:] if character.isalnum())
    stopped = replace(job, grading=replace(job.grading, stop=(stop,)))
    assert TrainJob.from_json(stopped.to_json()) == stopped
    assert stopped.digest != job.digest
    cut = [answer.text for answer in _ask(stopped, tokenizer, rows, model).answers]
    assert cut == [text.partition(stop)[0] for text in whole] != whole
