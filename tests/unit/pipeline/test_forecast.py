"""How long a training will take: arithmetic on sizes, and a second of matrix products."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pytest_ftgate.evaluate.suite import load_suite
from pytest_ftgate.pipeline import forecast as module
from pytest_ftgate.pipeline.config import read_pipeline
from pytest_ftgate.pipeline.forecast import Forecast, Size, forecast, model_size, stages
from pytest_ftgate.serve.device import Device
from pytest_ftgate.serve.hf.speed import measured
from tests.projects import write_golden, write_pipeline, write_rows

SIZE = Size(weights=10**6, layers=2, hidden=8, intermediate=16)


@pytest.fixture
def project(tmp_path):
    """(pipeline, golden set) of 40 rows of 80 bytes, and 20 cases."""
    folder = tmp_path / "pipelines/quiz"
    (folder / "model").mkdir(parents=True)
    write_rows(folder / "train.jsonl", [{"input": "x" * 76, "expected": "yes!"}] * 40)
    pipeline = write_pipeline(folder, "quiz", validation="train.jsonl", more="[train]\nepochs = 2\n")
    cases = ({"id": f"c{i}", "input": f"{i:02}" + "y" * 34, "expected": "yes!"} for i in range(20))
    return read_pipeline(pipeline), load_suite(write_golden(tmp_path / "goldens/quiz", cases, "[gate]\n"))


def test_the_seconds_follow_from_tokens_weights_and_speed(project):
    pipeline, suite = project
    found = stages(pipeline, [suite], SIZE, speed=2e6)  # a second a token
    asked = 20 * (9 + 1 + 12)
    assert found["baseline"] == pytest.approx(asked + 8, abs=10)
    assert found["goldens"] == pytest.approx(asked + 8, abs=10)
    row = 19 + 1 + 12
    assert found["fine-tune"] == pytest.approx(8 + 40 * row * 1.3 * 2 * 2 + 40 * row * 2 * 2, rel=0.05)
    assert found["reference runs"] == pytest.approx(5 * 100 * 22, rel=0.1)


def test_a_whole_model_costs_half_as_much_again_and_rows_left_out_nothing(project):
    pipeline, suite = project
    lora = stages(pipeline, [suite], SIZE, 2e6)["fine-tune"]
    whole = replace(pipeline, tuning=replace(pipeline.tuning, method="full"))
    assert stages(whole, [suite], SIZE, 2e6)["fine-tune"] > lora * 1.2
    few = replace(pipeline, data=replace(pipeline.data, max_rows=4))
    assert stages(few, [suite], SIZE, 2e6)["fine-tune"] < lora * 0.6


def test_answers_that_are_drawn_take_the_time_of_their_tokens_and_of_learning_from_each(project):
    pipeline, suite = project
    drawing = replace(pipeline, tuning=replace(pipeline.tuning, method="grpo", generations=4))
    assert suite.golden.request.max_tokens == 256
    found = stages(drawing, [suite], SIZE, speed=1e30)["fine-tune"]
    steps = 2 * 40 * 4 / 8
    assert found == pytest.approx(8 + steps * 2 * (0.018 + 256 * 0.006))
    slow = stages(drawing, [suite], SIZE, speed=2e6)["fine-tune"] - found
    assert slow == pytest.approx(40 * 32 * 1.3 * 2 * 4 * 4 + 40 * 32 * 2 * 2, rel=0.05)


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "Is it?", "chosen": "yes", "rejected": "no"},
        {"messages": [{"role": "user", "content": "Is it?"}, {"role": "assistant", "content": "yes"}]},
    ],
    ids=["preference", "chat"],
)
def test_rows_of_any_shape_have_a_size(project, row):
    pipeline, suite = project
    pipeline.data.train.write_text(json.dumps(row) + "\n")
    assert stages(pipeline, [suite], SIZE, 2e6)["fine-tune"] > 8


def test_the_line():
    line = Forecast({"baseline": 40.0, "fine-tune": 600.0}).line()
    assert line == "about 11 min on this machine (baseline 0.7, fine-tune 10), less with earlier results"


def test_a_model_without_weights_or_a_gpu_has_no_forecast(project, monkeypatch):
    pipeline, suite = project
    assert forecast(pipeline, [suite]) is None
    monkeypatch.setattr(module, "model_size", lambda folder: SIZE)
    monkeypatch.setattr("pytest_ftgate.serve.device.this_device", lambda: Device("cuda", "H100", capability=(9, 0)))
    assert forecast(pipeline, [suite]) is None


def test_weights_of_layers_are_counted_without_embeddings(tmp_path):
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=100, hidden_size=16, intermediate_size=24, num_hidden_layers=3, num_attention_heads=2,
        num_key_value_heads=2,
    )  # fmt: skip
    model = LlamaForCausalLM(config)
    model.save_pretrained(tmp_path)
    expected = sum(weight.numel() for weight in model.model.layers.parameters())
    assert model_size(tmp_path) == (expected, 3, 16, 24)
    (tmp_path / "model.safetensors").write_bytes(b"short")
    assert model_size(tmp_path) is None


def test_the_speed_is_measured_in_a_process_of_its_own():
    assert measured("float32", 1, 64, 128) > 1e6
    assert measured("no such precision", 1, 64, 128) is None
