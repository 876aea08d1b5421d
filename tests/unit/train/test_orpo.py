"""method = "orpo" on a tiny model: preferences are learnt without a reference, killed runs go on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from pytest_ftgate.train import callback, odds
from pytest_ftgate.train.events import EventLog, read_events
from pytest_ftgate.train.manifest import read_manifest
from pytest_ftgate.train.models import load_tokenizer
from pytest_ftgate.train.run import make_trainer, run
from pytest_ftgate.train.tokenised import tokenised
from tests.unit.data.data_files import write_jsonl


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture
def preferring(make_job, tmp_path):
    """`preferring(epochs=2, ...)`: a job on 8 pairs, right label against wrong one."""

    def make(**tuning):
        job = make_job(rows=8, **({"method": "orpo", "learning_rate": 5e-3, "beta": 0.5} | tuning))
        rows = [json.loads(line) for line in Path(job.train_file).read_text().splitlines()]
        other = {"spam": "ham", "ham": "spam"}
        pairs = [
            {"prompt": row["input"], "chosen": row["expected"], "rejected": other[row["expected"]]} for row in rows
        ]
        return replace(job, train_file=str(write_jsonl(tmp_path / "pairs.jsonl", pairs)))

    return make


def go(job, out):
    out.mkdir(exist_ok=True)
    run(job, out, EventLog(out / "events.jsonl"))
    return read_manifest(out / "manifest.json")


def test_the_margin_between_chosen_and_rejected_rises(preferring, tmp_path):
    manifest = go(preferring(epochs=8, patience=9), tmp_path / "out")
    margins = [margin for _, margin in manifest.curves["rewards/margins"]]
    assert len(margins) == 16
    assert sum(margins[-2:]) > sum(margins[:2]) + 0.5
    assert manifest.curves["rewards/accuracies"][-1][1] == 1.0
    losses = [loss for _, loss in manifest.curves["loss"]]
    assert losses[-1] < losses[0] / 2, "the chosen answers are learnt too"
    assert manifest.method == "orpo"
    assert (manifest.params["beta"], manifest.params["load_in_4bit"]) == (0.5, True)
    assert manifest.best.cases == 8
    assert (manifest.adapter / "adapter_model.safetensors").is_file()
    assert not (tmp_path / "out" / "checkpoints").exists()


@pytest.fixture
def trainer(preferring, tmp_path):
    job = preferring(load_in_4bit=False)
    tokenizer = load_tokenizer(job)
    return make_trainer(job, tokenizer, tokenised(job, tokenizer, tmp_path), tmp_path)


def test_the_loss_is_that_of_the_answers_and_of_the_odds(trainer):
    rows = [trainer.train_dataset[place] for place in range(4)]
    batch = trainer.data_collator(rows)
    loss, told = trainer.get_batch_loss_metrics(trainer.model, batch)
    logps = {
        kind: torch.stack([mean_logp(trainer.model, row, kind) for row in rows]) for kind in ("chosen", "rejected")
    }
    log_odds = {kind: logp - torch.log1p(-logp.exp()) for kind, logp in logps.items()}
    ratio = torch.nn.functional.logsigmoid(log_odds["chosen"] - log_odds["rejected"])
    assert float(loss.detach()) == pytest.approx(float((-logps["chosen"] - 0.5 * ratio).mean()), rel=2e-2)
    assert told["rewards/chosen"] == pytest.approx(0.5 * float(logps["chosen"].mean()), rel=2e-2)


@torch.no_grad()
def mean_logp(model, row, kind):
    """Of the tokens of one answer, each row alone."""
    asked, answer = row["prompt_ids"], row[f"{kind}_ids"]
    logits = model(input_ids=torch.tensor([[*asked, *answer]])).logits[0, len(asked) - 1 : -1]
    return logits.float().log_softmax(-1)[range(len(answer)), answer].mean()


def test_an_answer_that_the_model_is_sure_of_has_a_finite_gradient(trainer):
    """TRL's own: not a number, and with it the whole adapter."""
    chosen, rejected = (torch.tensor([0.0, -1e-9], requires_grad=True) for _ in range(2))
    losses, *_ = trainer.odds_ratio_loss(chosen, rejected - 1)
    losses.mean().backward()
    assert torch.isfinite(losses).all()
    assert torch.isfinite(chosen.grad).all()
    assert torch.isfinite(rejected.grad).all()


def test_the_settings_are_trls(preferring, tmp_path):
    made = odds.orpo_arguments(preferring(beta=0.25), tmp_path)
    assert (made.beta, made.max_length, made.disable_dropout) == (0.25, 96, True)


class Killed(BaseException):
    """As sudden as a signal for what it interrupts."""


def test_a_killed_run_goes_on_and_ends_the_same(preferring, tmp_path, monkeypatch):
    whole = go(preferring(load_in_4bit=False), tmp_path / "whole")
    monkeypatch.setattr(callback, "CHECKPOINT_S", 0.0)
    monkeypatch.setattr(callback, "SAVING", float("inf"))
    original = callback.Keeper.on_log

    def on_log(self, args, state, control, **rest):
        original(self, args, state, control, **rest)
        if state.global_step == 3:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(callback.Keeper, "on_log", on_log)
        with pytest.raises(Killed):
            go(preferring(load_in_4bit=False), tmp_path / "out")
    resumed = go(preferring(load_in_4bit=False), tmp_path / "out")
    texts = [e["text"] for e in read_events(tmp_path / "out" / "events.jsonl") if e["event"] == "start"]
    assert texts[-1] == "resuming after step 2 of 4"
    assert resumed.digest == whole.digest
    assert resumed.curves["rewards/margins"] == whole.curves["rewards/margins"]
