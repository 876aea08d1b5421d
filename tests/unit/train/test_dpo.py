"""method = "dpo" on a tiny model: preferences are learnt, killed runs go on, rows of the wrong shape are refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_ftgate.errors import TrainError
from pytest_ftgate.golden.case import Prompt
from pytest_ftgate.train import callback
from pytest_ftgate.train.events import EventLog, read_events
from pytest_ftgate.train.manifest import read_manifest
from pytest_ftgate.train.run import run
from tests.unit.data.data_files import preferences, turn, write_jsonl, write_parquet
from tests.unit.train.reads import examples_in, pairs_in

PROMPT = Prompt("Sort.", None)
ASKED = [turn("user", "win"), turn("assistant", "spam"), turn("user", "lunch")]


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.mark.parametrize("asked", [ASKED[:1], ASKED, [turn("system", "Be brief."), *ASKED]])
def test_every_way_to_write_a_preference_gives_the_same_tokens(tmp_path, tokenizer, asked):
    first, *others = pairs_in(write_jsonl(tmp_path / "pairs.jsonl", preferences(asked, "ham", "no")), PROMPT, tokenizer)
    assert all(other == first for other in others)
    assert tokenizer.decode(first.chosen) == "ham<|im_end|>"
    assert tokenizer.decode(first.rejected) == "no<|im_end|>"
    assert tokenizer.decode(first.prompt).count("<|im_start|>system") == 1
    assert len(first) == len(first.prompt) + max(len(first.chosen), len(first.rejected))


def test_rows_that_do_not_fit_the_method_are_told_with_line_and_way_out(tmp_path, tokenizer):
    preference = {"prompt": "a", "chosen": "b", "rejected": "c"}
    answer = {"prompt": "a", "completion": "b"}
    path = write_parquet(tmp_path / "rows.parquet", [preference, answer])
    with pytest.raises(TrainError, match=r'rows\.parquet:2: has a single answer, but method = "dpo".*\n.*"qlora"'):
        pairs_in(path, PROMPT, tokenizer)
    with pytest.raises(TrainError, match=r'rows\.parquet:1: is a preference .*\n.*train\.method = "dpo"'):
        examples_in(path, PROMPT, tokenizer)
    path = write_jsonl(tmp_path / "rows.jsonl", [preference, preference | {"rejected": "b"}])
    with pytest.raises(TrainError, match=r"rows\.jsonl:2: has identical chosen and rejected answers"):
        pairs_in(path, PROMPT, tokenizer)


@pytest.fixture
def preferring(make_job, tmp_path):
    """`preferring(epochs=2, ...)`: a job on 8 pairs, right label against wrong one."""

    def make(**tuning):
        job = make_job(rows=8, **({"method": "dpo", "learning_rate": 5e-3} | tuning))
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
    manifest = go(preferring(epochs=4), tmp_path / "out")
    margins = [margin for _, margin in manifest.curves["rewards/margins"]]
    assert len(margins) == 8
    assert abs(margins[0]) < 0.05, "policy and reference are one model at first"
    assert sum(margins[-2:]) / 2 > 0.5
    assert manifest.curves["rewards/accuracies"][-1][1] == 1.0
    assert manifest.method == "dpo"
    assert (manifest.params["beta"], manifest.params["load_in_4bit"]) == (0.1, True)
    assert manifest.best.cases == 8
    assert (manifest.adapter / "adapter_model.safetensors").is_file()
    assert not (tmp_path / "out" / "checkpoints").exists()


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
