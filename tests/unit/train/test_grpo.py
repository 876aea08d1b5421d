"""method = "grpo" on a tiny model: graded answers get better, killed runs go on, a broken grader ends the run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import pytest

from pytest_ftgate.errors import TrainError
from pytest_ftgate.golden.case import Prompt
from pytest_ftgate.serve.model import folder_digest
from pytest_ftgate.train import launch
from pytest_ftgate.train.events import EventLog, read_events
from pytest_ftgate.train.job import Grading, TrainJob
from pytest_ftgate.train.manifest import read_manifest
from pytest_ftgate.train.models import load_tokenizer
from pytest_ftgate.train.rewarded import Reward, grpo_arguments
from pytest_ftgate.train.run import make_trainer, run
from pytest_ftgate.train.tokenised import tokenised
from pytest_ftgate.train.tuning import Lora, Tuning
from pytest_ftgate.train.validation_rows import read_validation
from tests.projects import write_rows
from tests.unit.train.conftest import row
from tests.unit.train.reads import examples_in
from tests.unit.train.test_two_processes import KillOne, ranks, wait_until_gone

EXACT = Grading(({"kind": "exact"},), None, 6)

PROMPT = Prompt("Sort.", "{{ text }}")


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture(scope="module")
def taught(model_dir, tmp_path_factory):
    """The tiny model after a short fine-tune on both labels of each row: about half of what it draws is right."""
    out = tmp_path_factory.mktemp("taught")
    rows = [row(i) | {"id": f"{label}{i}", "expected": label} for i in range(24) for label in ("spam", "ham")]
    files = [str(write_rows(out / f"{name}.jsonl", rows)) for name in ("train", "validation")]
    digests = folder_digest(model_dir), "train", "validation"
    tuning = Tuning(method="full", epochs=3, learning_rate=2e-3, batch_size=4, max_length=96, threads=1)
    job = TrainJob("tiny", str(model_dir), digests[0], *files, *digests[1:], prompt=PROMPT.to_json(), tuning=tuning)
    return go(replace(job, grading=EXACT, lora=Lora(r=4)), out / "out").adapter


@pytest.fixture
def rewarding(make_job, taught):
    """`rewarding(epochs=2, ...)`: a job on 8 questions, and a model that answers some."""

    def make(grading=EXACT, rows=8, **tuning):
        defaults = {"method": "grpo", "learning_rate": 5e-3, "load_in_4bit": False, "beta": 0.01, "batch_size": 32}
        job = make_job(rows=rows, **(defaults | tuning))
        return replace(job, grading=grading, base=str(taught), base_digest=folder_digest(taught))

    return make


def go(job, out):
    out.mkdir(exist_ok=True)
    run(job, out, EventLog(out / "events.jsonl"))
    return read_manifest(out / "manifest.json")


def test_better_graded_answers_become_more_frequent(rewarding, tmp_path):
    rows = [row(i) | {"expected": "spam"} for i in range(8)]
    job = rewarding(epochs=4, patience=99, scheduler="constant")
    job = replace(job, train_file=str(write_rows(tmp_path / "spam.jsonl", rows)))
    manifest = go(job, tmp_path / "out")
    rewards = [reward for _, reward in manifest.curves["reward"]]
    assert len(rewards) == 8, "8 questions, 4 a step with 8 answers each"
    assert rewards[0] < 0.75
    assert fmean(rewards[-3:]) > 0.9
    assert all(0 <= length <= 6 for _, length in manifest.curves["completions/mean_length"])
    assert manifest.method == "grpo"
    assert (manifest.params["generations"], manifest.params["temperature"]) == (8, 1.0)
    assert manifest.best.cases == 8
    assert (manifest.adapter / "adapter_model.safetensors").is_file()
    tokens = json.loads((tmp_path / "out" / "tokens.json").read_text())
    assert tokens[0]["tokens"], "to be compared with the server's"


@pytest.fixture
def trainer(rewarding, tmp_path):
    job = rewarding()
    tokenizer = load_tokenizer(job)
    return make_trainer(job, tokenizer, tokenised(job, tokenizer, tmp_path), tmp_path)


def test_what_is_asked_and_graded_is_what_the_server_is_asked_and_graded(trainer, rewarding, tokenizer):
    job = rewarding()
    examples = examples_in(Path(job.train_file), Prompt.from_json(job.prompt), tokenizer)
    rows = [trainer.train_dataset[place] for place in range(len(examples))]
    assert [row["prompt"] for row in rows] == [list(example.prompt) for example in examples]
    assert trainer._tokenize_prompts([rows[0]["prompt"]])[0] == [rows[0]["prompt"]]
    assert trainer.eos_token_ids == [2]
    made = Reward(replace(job, grading=Grading(({"kind": "exact"},), None, 4)), tokenizer, trainer.model)
    right, other = tokenizer("spam")["input_ids"], tokenizer("ham")["input_ids"]
    ids = [[*right, 2], right, [*other, 2], []]
    assert made(completion_ids=ids, case=[rows[0]["case"]] * 4, prompts=[]) == [1.0, 0.0, 0.0, 0.0]


def test_a_rows_own_graders_go_first(rewarding, tmp_path, tokenizer):
    rows = [
        {"id": f"r{i}", "input": "win", "expected": "spam", "graders": [{"kind": "regex", "pattern": "^h"}]}
        for i in range(4)
    ]
    job = replace(rewarding(), train_file=str(write_rows(tmp_path / "own.jsonl", rows)))
    made = make_trainer(job, tokenizer, tokenised(job, tokenizer, tmp_path), tmp_path)
    case, said = made.train_dataset[0]["case"], [*tokenizer("ham")["input_ids"], 2]
    assert made.reward_funcs[0](completion_ids=[said], case=[case]) == [1.0]


def test_a_broken_grader_ends_the_run_with_file_and_line(rewarding, tmp_path):
    broken = Grading(({"kind": "python", "call": "textwrap:dedent"},), None, 6)
    with pytest.raises(TrainError, match=r"train\.jsonl:\d+: cannot grade the training row: .*TypeError"):
        go(rewarding(broken, epochs=1), tmp_path / "out")


def test_a_run_that_can_learn_nothing_says_so(rewarding, tmp_path):
    never = Grading(({"kind": "regex", "pattern": "^never$"},), None, 6)
    go(rewarding(never, epochs=1), tmp_path / "out")
    warnings = [e["text"] for e in read_events(tmp_path / "out" / "events.jsonl") if e["event"] == "warning"]
    assert any("nothing learnt in 2 steps" in text and "(mean 0.000)" in text for text in warnings)


@pytest.mark.parametrize(
    ("graders", "expected", "told"),
    [
        ([{"kind": "exakt"}], "spam", "unknown grader kind 'exakt'"),
        ([{"kind": "judge"}], "spam", "a grader asks a judge"),
        ([{"kind": "not", "grader": {"kind": "judge"}}], "spam", "a grader asks a judge"),
        ([{"kind": "numeric"}], "spam", "numeric"),
        ([], "spam", "neither the row nor the golden set has a grader"),
    ],
)
def test_rows_whose_answers_cannot_be_graded_are_reported_before_training(
    rewarding, tmp_path, tokenizer, graders, expected, told
):
    rows = [{"id": "r", "input": "win", "expected": expected, "graders": graders}]
    job = replace(rewarding(Grading((), None, 6)), train_file=str(write_rows(tmp_path / "own.jsonl", rows)))
    with pytest.raises(TrainError, match=rf"own\.jsonl:1: answers to the row cannot be graded.*{told}"):
        tokenised(job, tokenizer, tmp_path)


@pytest.mark.parametrize(
    ("row", "of_the_set", "told"),
    [
        ({"graders": [{"kind": "exakt"}]}, {"kind": "exact"}, "unknown grader kind 'exakt'"),
        ({"graders": [{"kind": "numeric"}]}, {"kind": "exact"}, "numeric"),
        ({}, {"kind": "numeric"}, "numeric"),
    ],
)
def test_validation_rows_that_cannot_be_graded_are_reported_before_training(tmp_path, tokenizer, row, of_the_set, told):
    rows = [{"id": "r", "input": "win", "expected": "spam", **row}]
    with pytest.raises(TrainError, match=rf"own\.jsonl:1: cannot be graded: {told}"):
        read_validation(write_rows(tmp_path / "own.jsonl", rows), PROMPT, tokenizer, Grading((of_the_set,)))


def test_a_reward_is_for_the_answer_before_a_stop(rewarding, tokenizer, model):
    job = rewarding(Grading(({"kind": "exact"},), None, 6, stop=(" and",)))
    asked = {"id": "r", "path": "x.jsonl", "line": 1, "input": "a", "expected": "yes", "graders": [], "tools": []}
    said = tokenizer("yes and no", add_special_tokens=False)["input_ids"]
    assert Reward(job, tokenizer, model)([said], [json.dumps(asked)]) == [1.0]


def test_rows_that_cannot_be_asked_are_refused(rewarding, tmp_path, tokenizer):
    job = replace(rewarding(), train_file=str(write_rows(tmp_path / "text.jsonl", [{"text": "A text."}])))
    with pytest.raises(TrainError, match=r"text\.jsonl:1: is a text alone"):
        tokenised(job, tokenizer, tmp_path)
    with pytest.raises(TrainError, match=r"a step asks 4 questions, and there are 1 training rows"):
        go(rewarding(rows=1), tmp_path / "out")


def test_the_settings_are_trls_and_in_the_digest(rewarding, tmp_path):
    job = rewarding(generations=4, temperature=0.7)
    made = grpo_arguments(job, tmp_path)
    assert (made.num_generations, made.temperature, made.max_completion_length, made.beta) == (4, 0.7, 6, 0.01)
    assert made.steps_per_generation == 1
    others = rewarding(generations=2, temperature=0.7), rewarding(generations=4)
    assert len({job.digest, *(other.digest for other in others)}) == 3
    assert replace(job, tuning=replace(job.tuning, method="lora")).digest == (
        replace(job, tuning=replace(job.tuning, method="lora", generations=2)).digest
    )


def test_a_run_killed_within_an_epoch_goes_on_and_ends_the_same(rewarding, tmp_path):
    """In the second epoch, whose order TRL would not draw again; the answers are drawn as they would have been."""
    job = rewarding(eval_steps=3, load_in_4bit=True)
    whole = go(job, tmp_path / "whole")
    out = tmp_path / "out"

    def kill(event):
        if event["event"] == "validation" and event["step"] == 3:
            listed = subprocess.run(["pgrep", "-f", str(out)], capture_output=True, text=True, check=True).stdout
            for pid in map(int, listed.split()):
                os.kill(pid, signal.SIGKILL)

    with pytest.raises(TrainError, match="was killed"):
        launch.train(job, out, kill)
    assert not (out / "manifest.json").exists()
    events: list[dict[str, object]] = []
    resumed = launch.train(job, out, events.append)
    assert any(str(event.get("text")) == "resuming after step 3 of 4" for event in events)
    assert resumed.curves["reward"] == whole.curves["reward"]
    assert resumed.digest == whole.digest
    assert "vLLM" not in (out / launch.LOG).read_text(), "which is not loaded for draws that it does not do"


@pytest.mark.slow
def test_two_processes_share_the_answers_and_go_on_after_a_kill(rewarding, tmp_path):
    """Each process draws a part of each step's answers; a question's answers may be in both."""
    job = rewarding(batch_size=12, generations=8, gpus=2, eval_steps=2)
    whole = launch.train(job, tmp_path / "whole", lambda _event: None)
    out = tmp_path / "out"
    with pytest.raises(TrainError, match="was killed"):
        launch.train(job, out, KillOne(out, lambda out: ranks(out)["1"]))
    wait_until_gone(out)
    events: list[dict[str, object]] = []
    resumed = launch.train(job, out, events.append)
    assert any(str(event.get("text")).startswith("resuming after step 2 of") for event in events)
    assert resumed.curves["reward"] == whole.curves["reward"]
    assert resumed.digest == whole.digest
