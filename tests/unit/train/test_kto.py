"""method = "kto" on a tiny model: wanted answers gain, unwanted ones lose, killed runs go on, other rows are refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_ftgate.errors import TrainError
from pytest_ftgate.golden.case import Prompt
from pytest_ftgate.train import callback
from pytest_ftgate.train.events import EventLog, read_events
from pytest_ftgate.train.judged import imbalance
from pytest_ftgate.train.manifest import read_manifest
from pytest_ftgate.train.run import run
from pytest_ftgate.train.trainer import kto_arguments
from pytest_ftgate.train.tuning import Tuning
from tests.unit.data.data_files import turn, write_jsonl
from tests.unit.train.reads import examples_in, judged_in, pairs_in, validation_in

PROMPT = Prompt("Sort.", None)


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def test_a_judged_answer_says_whether_it_was_wanted(tmp_path, tokenizer):
    chat = {"messages": [turn("user", "win"), turn("assistant", "spam")], "label": True}
    rows = [chat, {"prompt": "lunch", "completion": "spam", "label": False}]
    wanted, unwanted = judged_in(write_jsonl(tmp_path / "rows.jsonl", rows), PROMPT, tokenizer)
    assert (wanted.desired, unwanted.desired) == (True, False)
    assert tokenizer.decode(unwanted.prompt).endswith("user\nlunch<|im_end|>\n<|im_start|>assistant\n")
    assert tokenizer.decode(unwanted.answer) == "spam<|im_end|>"


@pytest.mark.parametrize(
    ("read", "row", "told"),
    [
        (judged_in, {"prompt": "a", "completion": "b"}, r"does not say whether its answer was wanted.*\n.*label"),
        (judged_in, {"prompt": "a", "chosen": "b", "rejected": "c"}, r'is a preference row.*\n.*method = "dpo"'),
        (judged_in, {"text": "A text."}, r'is a text alone.*\n.*method = "qlora"'),
        (pairs_in, {"text": "A text."}, r'is a text alone.*\n.*method = "qlora"'),
        (
            examples_in,
            {"prompt": "a", "completion": "b", "label": False},
            r'says whether the answer was wanted.*\n.*method = "kto"',
        ),
        (
            examples_in,
            {"prompt": "a", "completion": "b", "label": True},
            r'says whether the answer was wanted.*\n.*method = "kto"',
        ),
        (validation_in, {"prompt": "a", "completion": "b", "label": False}, r"says whether .*: validation asks and"),
        (validation_in, {"text": "A text."}, r"is a text alone, expected a question and its answer"),
    ],
)
def test_rows_that_do_not_fit_the_method_are_told_with_line_and_way_out(tmp_path, tokenizer, read, row, told):
    path = write_jsonl(tmp_path / "rows.jsonl", [row])
    with pytest.raises(TrainError, match=rf"rows\.jsonl:1: {told}"):
        read(path, PROMPT, tokenizer)


@pytest.fixture
def judging(make_job, tmp_path):
    """`judging(epochs=2, ...)`: a job on 8 right labels that were wanted and 8 wrong ones that were not."""

    def make(**tuning):
        job = make_job(rows=8, **({"method": "kto", "learning_rate": 5e-3, "beta": 0.5} | tuning))
        rows = [json.loads(line) for line in Path(job.train_file).read_text().splitlines()]
        other = {"spam": "ham", "ham": "spam"}
        judged = [
            {"prompt": row["input"], "completion": answer, "label": answer == row["expected"]}
            for row in rows
            for answer in (row["expected"], other[row["expected"]])
        ]
        return replace(job, train_file=str(write_jsonl(tmp_path / "judged.jsonl", judged)))

    return make


def go(job, out):
    out.mkdir(exist_ok=True)
    run(job, out, EventLog(out / "events.jsonl"))
    return read_manifest(out / "manifest.json")


def test_wanted_answers_gain_on_unwanted_ones(judging, tmp_path):
    manifest = go(judging(epochs=4), tmp_path / "out")
    margins = [margin for _, margin in manifest.curves["rewards/margins"]]
    assert abs(margins[0]) < 0.05, "policy and reference are one model at first"
    assert sum(margins[-2:]) / 2 > 0.5
    assert all(distance >= 0 for _, distance in manifest.curves["kl"])
    assert manifest.method == "kto"
    names = ("beta", "load_in_4bit", "desirable_weight", "undesirable_weight")
    assert [manifest.params[name] for name in names] == [0.5, True, 1.0, 1.0]
    assert manifest.best.cases == 8
    assert (manifest.adapter / "adapter_model.safetensors").is_file()
    assert not (tmp_path / "out" / "checkpoints").exists()


def test_the_settings_are_trls(judging, tmp_path):
    made = kto_arguments(judging(desirable_weight=1.5, undesirable_weight=0.5), tmp_path)
    assert (made.beta, made.desirable_weight, made.undesirable_weight, made.loss_type) == (0.5, 1.5, 0.5, "kto")
    assert made.train_sampling_strategy == "sequential", "each row is compared with its neighbour"


@pytest.mark.parametrize(
    ("wanted", "unwanted", "weights", "told"),
    [
        (8, 8, {}, ""),
        (12, 9, {}, ""),
        (30, 10, {}, "wanted ones weigh 3.00 times as much, advised is 1 to 1.33: set train.undesirable_weight = 3"),
        (30, 10, {"undesirable_weight": 3.0}, ""),
        (10, 25, {}, "weigh 0.40 times as much, advised is 1 to 1.33: set train.desirable_weight = 2.5"),
        (10, 25, {"desirable_weight": 2.5}, ""),
        (7, 0, {}, "all 7 answers are wanted; KTO learns from wanted and unwanted ones"),
    ],
)
def test_uneven_answers_are_told_with_the_weight_that_evens_them(wanted, unwanted, weights, told):
    assert imbalance(wanted, unwanted, Tuning(method="kto", **weights)).endswith(told)
    assert bool(imbalance(wanted, unwanted, Tuning(method="kto", **weights))) == bool(told)


def test_a_run_warns_of_uneven_answers(judging, tmp_path):
    job = judging(epochs=1, load_in_4bit=False)
    lines = Path(job.train_file).read_text().splitlines()
    uneven = [line for line in lines if '"label": true' in line] + [lines[1]]
    job = replace(job, train_file=str(write_jsonl(tmp_path / "uneven.jsonl", map(json.loads, uneven))))
    go(job, tmp_path / "out")
    [told] = [e["text"] for e in read_events(tmp_path / "out" / "events.jsonl") if e["event"] == "warning"]
    assert told.startswith("8 answers are wanted and 1 are not; wanted ones weigh 8.00 times as much")


class Killed(BaseException):
    """As sudden as a signal for what it interrupts."""


def test_a_killed_run_goes_on_and_ends_the_same(judging, tmp_path, monkeypatch):
    whole = go(judging(load_in_4bit=False, epochs=1), tmp_path / "whole")
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
            go(judging(load_in_4bit=False, epochs=1), tmp_path / "out")
    resumed = go(judging(load_in_4bit=False, epochs=1), tmp_path / "out")
    texts = [e["text"] for e in read_events(tmp_path / "out" / "events.jsonl") if e["event"] == "start"]
    assert texts[-1] == "resuming after step 2 of 4"
    assert resumed.digest == whole.digest
    assert resumed.curves["rewards/margins"] == whole.curves["rewards/margins"]
