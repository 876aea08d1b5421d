"""The whole fine-tune on a tiny model, in this process."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_ftgate.errors import TrainError
from pytest_ftgate.golden.case import Prompt
from pytest_ftgate.serve.hf.row import Answer
from pytest_ftgate.train import callback
from pytest_ftgate.train.events import EventLog, read_events
from pytest_ftgate.train.job import Grading, TrainJob
from pytest_ftgate.train.manifest import Manifest, read_manifest
from pytest_ftgate.train.models import check_servable
from pytest_ftgate.train.run import run
from pytest_ftgate.train.tuning import Lora
from pytest_ftgate.train.validate import grade_answers
from tests.unit.train.reads import examples_in

OPENED: list[str] = []
sys.addaudithook(lambda event, args: OPENED.append(str(args[0])) if event == "open" else None)


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def go(job: TrainJob, out_dir: Path) -> Manifest:
    out_dir.mkdir(exist_ok=True)
    run(job, out_dir, EventLog(out_dir / "events.jsonl"))
    return read_manifest(out_dir / "manifest.json")


@pytest.mark.parametrize("method", ["qlora", "lora", "full"])
def test_every_method_learns_and_leaves_a_manifest(make_job, tmp_path, method):
    lr = 2e-3 if method == "full" else 5e-3
    manifest = go(make_job(method=method, epochs=4, learning_rate=lr, rows=48), tmp_path / "out")
    assert manifest.method == method
    assert manifest.best.score == max(epoch.score for epoch in manifest.epochs)
    assert manifest.best.score >= 0.75
    assert manifest.epochs[-1].train_loss < 0.7 * manifest.epochs[0].train_loss
    weights = "model.safetensors" if method == "full" else "adapter_model.safetensors"
    assert (manifest.adapter / weights).is_file()
    assert not (tmp_path / "out" / "checkpoints").exists()


def test_curves_metrics_and_provenance_are_in_the_manifest(make_job, tmp_path):
    job = make_job(price_per_hour=36.0)
    manifest = go(job, tmp_path / "out")
    assert [step for step, _ in manifest.curves["loss"]] == list(range(1, 13))
    assert len(manifest.curves["grad_norm"]) == len(manifest.curves["learning_rate"]) == 12
    assert [step for step, _ in manifest.curves["validation_score"]] == [6, 12]
    assert manifest.job_digest == job.digest
    assert manifest.params["rows"] == 24
    assert manifest.params["train_digest"] == job.train_digest
    assert manifest.metrics["cost"] == pytest.approx(0.01 * manifest.metrics["train_seconds"])
    assert manifest.metrics["tokens_per_second"] > 0
    held = [manifest.metrics.get(f"train_{device}_seconds", 0.0) for device in ("cpu", "gpu")]
    assert max(held) >= manifest.metrics["train_seconds"] > 0 == min(held)
    assert manifest.best.perplexity == pytest.approx(2.718281828**manifest.best.loss)


def test_the_same_seed_and_data_give_the_same_adapter_and_another_seed_another(make_job, tmp_path):
    first = go(make_job(), tmp_path / "a")
    again = go(make_job(), tmp_path / "b")
    other = go(make_job(seed=1), tmp_path / "c")
    assert first.digest == again.digest
    assert first.curves == again.curves
    assert other.digest != first.digest


def test_a_learning_rate_of_zero_gives_an_adapter_that_changes_nothing(make_job, tmp_path):
    from safetensors.torch import load_file

    manifest = go(make_job(learning_rate=0.0), tmp_path / "out")
    weights = load_file(manifest.adapter / "adapter_model.safetensors")
    assert all(not w.any() for name, w in weights.items() if "lora_B" in name)
    assert manifest.best_epoch == 1


class Killed(BaseException):
    """As sudden as a signal for what it interrupts."""


def killed_at(monkeypatch, step):
    original = callback.Keeper.on_log

    def on_log(self, args, state, control, **rest):
        original(self, args, state, control, **rest)
        if state.global_step == step:
            raise Killed

    monkeypatch.setattr(callback.Keeper, "on_log", on_log)


@pytest.mark.parametrize("step", [4, 9])
def test_a_killed_run_goes_on_from_its_last_checkpoint_and_ends_the_same(make_job, tmp_path, monkeypatch, step):
    """Checkpoints after every step; the kill comes before that of `step` is written."""
    whole = go(make_job(), tmp_path / "whole")
    monkeypatch.setattr(callback, "CHECKPOINT_S", 0.0)
    monkeypatch.setattr(callback, "SAVING", float("inf"))
    with monkeypatch.context() as patch:
        killed_at(patch, step)
        with pytest.raises(Killed):
            go(make_job(), tmp_path / "out")
    resumed = go(make_job(), tmp_path / "out")
    texts = [e["text"] for e in read_events(tmp_path / "out" / "events.jsonl") if e["event"] == "start"]
    assert texts[-1] == f"resuming after step {step - 1} of 12"
    assert resumed.digest == whole.digest
    assert resumed.curves["loss"] == whole.curves["loss"]
    assert resumed.epochs == whole.epochs


def test_a_kill_during_validation_costs_only_the_validation(make_job, tmp_path, monkeypatch):
    whole = go(make_job(), tmp_path / "whole")

    def killed(*_args, **_kwargs):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("pytest_ftgate.train.run.validate", killed)
        with pytest.raises(Killed):
            go(make_job(), tmp_path / "out")
    steps_before = sum(e["event"] == "step" for e in read_events(tmp_path / "out" / "events.jsonl"))
    resumed = go(make_job(), tmp_path / "out")
    steps = sum(e["event"] == "step" for e in read_events(tmp_path / "out" / "events.jsonl"))
    assert (steps_before, steps) == (6, 12)
    assert resumed.digest == whole.digest
    assert resumed.epochs == whole.epochs


def test_early_stopping_and_the_best_epoch(make_job, tmp_path):
    """With a learning rate of 0 no validation is better than the first."""
    manifest = go(make_job(learning_rate=0.0, epochs=9, patience=2), tmp_path / "out")
    assert [epoch.epoch for epoch in manifest.epochs] == [1, 2, 3]
    assert manifest.best_epoch == 1


def test_gradient_accumulation_takes_the_same_steps_as_a_larger_batch(make_job, tmp_path):
    lora = Lora(r=4)
    one = go(make_job(method="lora", epochs=1, batch_size=8, lora=lora), tmp_path / "a")
    two = go(make_job(method="lora", epochs=1, batch_size=4, gradient_accumulation=2, lora=lora), tmp_path / "b")
    losses = [[loss for _, loss in manifest.curves["loss"]] for manifest in (one, two)]
    assert losses[0] == pytest.approx(losses[1], rel=0.02)


def test_token_ids_are_written_down_for_the_comparison_with_the_server(make_job, tmp_path, tokenizer):
    go(make_job(epochs=1), tmp_path / "out")
    rows = json.loads((tmp_path / "out" / "tokens.json").read_text())
    assert len(rows) == 10
    text = tokenizer.apply_chat_template(rows[3]["messages"], add_generation_prompt=True, tokenize=False)
    assert rows[3]["tokens"] == tokenizer(text)["input_ids"]


def test_long_rows_are_left_out_with_a_warning(make_job, tmp_path):
    job = make_job(epochs=1)
    path = Path(job.train_file)
    path.write_text(path.read_text() + json.dumps({"input": "lunch " * 80, "expected": "ham"}) + "\n")
    lineage = {"train": {"path": "train.jsonl", "sha256": "", "rows": 25, "dvc": None, "steps": []}}
    manifest = go(replace(job, lineage=lineage), tmp_path / "out")
    events = read_events(tmp_path / "out" / "events.jsonl")
    [step] = manifest.lineage["train"]["steps"]
    assert (step["why"], step["before"], step["rows"]) == ("over max_length = 96 tokens", 25, 24)
    warnings = [e["text"] for e in events if e["event"] == "warning"]
    assert warnings == ["1 rows exceed max_length = 96 tokens and are skipped"]
    assert manifest.params["rows"] == 24


def graded(job: TrainJob, tokenizer, *answers: Answer) -> list[float]:
    examples = examples_in(Path(job.validation_file), Prompt(), tokenizer, max_rows=len(answers))
    return [grade.value for grade in grade_answers(job, examples, answers)]


def test_validation_is_graded_by_the_golden_sets_graders(make_job, tokenizer):
    answers = [Answer("spam", "stop", 9, 1), Answer("Ham.", "stop", 9, 2), Answer("spam", "length", 9, 8)]
    assert graded(make_job(), tokenizer, *answers) == [1.0, 0.0, 0.0]
    lenient = Grading(({"kind": "exact", "ignore_case": True, "ignore_punctuation": True},), None, 8)
    assert graded(replace(make_job(), grading=lenient), tokenizer, *answers) == [1.0, 1.0, 0.0]


def test_validation_grades_the_answer_without_its_reasoning_unless_that_is_kept(make_job, tokenizer):
    answers = [Answer("<think>Hm.</think>\nspam", "stop", 9, 1), Answer("ham", "stop", 9, 2)]
    assert graded(make_job(), tokenizer, *answers)[0] == 1.0
    kept = Grading(({"kind": "exact"},), None, 8, "keep")
    assert graded(replace(make_job(), grading=kept), tokenizer, *answers)[0] == 0.0


def test_a_grader_that_breaks_on_a_validation_row_stops_the_run(make_job, tokenizer):
    broken = replace(make_job(), grading=Grading(({"kind": "python", "call": "json:loads"},), None, 8))
    with pytest.raises(TrainError, match=r"validation\.jsonl:1: cannot grade the validation row"):
        graded(broken, tokenizer, Answer("spam", "stop", 9, 1))


def test_training_opens_nothing_below_goldens(make_job, tmp_path):
    del OPENED[:]
    go(make_job(epochs=1), tmp_path / "out")
    assert any(path.endswith("train.jsonl") for path in OPENED)
    assert not [path for path in OPENED if "goldens" in Path(path).parts]


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("modules_to_save", ["lm_head"], "modules_to_save"),
        ("use_dora", True, "DoRA"),
        ("bias", "all", "bias = 'all'"),
        ("r", 600, "rank 600 is above 512"),
    ],
)
def test_what_vllm_cannot_serve_is_refused(model, field, value, told):
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(**({"r": 4, "target_modules": ["q_proj"], "task_type": "CAUSAL_LM"} | {field: value}))
    with pytest.raises(TrainError, match="vLLM cannot serve this adapter") as caught:
        check_servable(get_peft_model(model, config))
    assert told in str(caught.value)
