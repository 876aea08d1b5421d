"""[lora] init: the saved adapter, on the original base as it is served, says what the trained model said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from pytest_ftgate.errors import TrainError
from pytest_ftgate.serve.hf.adapters import Adapters
from pytest_ftgate.serve.hf.weights import load_weights
from pytest_ftgate.train import callback
from pytest_ftgate.train.events import EventLog
from pytest_ftgate.train.manifest import Manifest, read_manifest
from pytest_ftgate.train.run import run
from pytest_ftgate.train.tuning import Lora

SERVED_IN_4BIT = "bitsandbytes"
CASES = [
    ("pissa", "lora", None, 8, False),
    ("pissa", "lora", None, 8, True),
    ("eva", "lora", None, 4, False),
    ("eva", "qlora", SERVED_IN_4BIT, 4, False),
    ("loftq", "qlora", SERVED_IN_4BIT, 4, False),
    ("default", "lora", None, 4, True),
]
"""init, method, quantisation of serving, saved rank, rslora."""


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def go(job, out_dir: Path) -> Manifest:
    out_dir.mkdir(exist_ok=True)
    run(job, out_dir, EventLog(out_dir / "events.jsonl"))
    return read_manifest(out_dir / "manifest.json")


@pytest.fixture
def last_logits(monkeypatch):
    """The trained model's logits of some tokens when its last epoch is saved."""
    said = []
    original = callback.Keeper.on_epoch_end

    def on_epoch_end(self, args, state, control, **rest):
        original(self, args, state, control, **rest)
        with torch.no_grad():
            said[:] = [logits(self.trainer.model.eval())]
        self.trainer.model.train()

    monkeypatch.setattr(callback.Keeper, "on_epoch_end", on_epoch_end)
    return said


def logits(model):
    """On some CPUs a base in 4 bits computes in bfloat16 once its weights are packed, at the first pass or the next."""
    return model(input_ids=torch.arange(3, 43).reshape(2, 20)).logits.float()


@pytest.mark.parametrize(("init", "method", "quantization", "rank", "rslora"), CASES)
def test_the_saved_adapter_is_one_for_the_base_that_is_served(
    make_job, tmp_path, last_logits, init, method, quantization, rank, rslora
):
    lora = Lora(r=4, init=init, rslora=rslora)
    job = replace(make_job(method=method, lora=lora, epochs=1), dtype="float32", quantization=quantization)
    manifest = go(job, tmp_path / "out")
    base = load_weights(job.base, None, torch.float32, quantization)
    with torch.no_grad():
        untrained = logits(load_weights(job.base, None, torch.float32, quantization))
        adapters = Adapters(base.eval())
        adapters.load("candidate", str(manifest.adapter))
        with adapters.use("candidate") as model:
            served = logits(model)
            assert model.peft_config["candidate"].r == rank
            assert model.peft_config["candidate"].init_lora_weights is True
    trained = last_logits[0]
    learnt = (trained - untrained).abs().mean()
    assert learnt > 0.05
    assert (trained - served).abs().mean() < (0.2 if quantization else 1e-3) * learnt


def test_loftq_brings_the_trained_model_near_the_base_that_is_served_unquantised(make_job, tmp_path, last_logits):
    """The adapter is then of twice the rank; without LoftQ the quantisation of training is lost in serving."""
    apart = {}
    for init in ("default", "loftq"):
        manifest = go(replace(make_job(lora=Lora(r=32, init=init), epochs=1), dtype="float32"), tmp_path / init)
        adapters = Adapters(load_weights(make_job().base, None, torch.float32).eval())
        adapters.load("candidate", str(manifest.adapter))
        with adapters.use("candidate") as model, torch.no_grad():
            apart[init] = (last_logits[0] - logits(model)).abs().mean()
            assert model.peft_config["candidate"].r == (64 if init == "loftq" else 32)
    assert apart["loftq"] < 0.6 * apart["default"]


class Killed(BaseException):
    """As sudden as a signal for what it interrupts."""


@pytest.mark.parametrize(("init", "method"), [("pissa", "lora"), ("loftq", "qlora"), ("eva", "lora")])
def test_a_killed_run_goes_on_with_the_same_first_weights(make_job, tmp_path, monkeypatch, init, method):
    job = replace(make_job(method=method, lora=Lora(r=4, init=init), epochs=1), dtype="float32")
    whole = go(job, tmp_path / "whole")
    monkeypatch.setattr(callback, "CHECKPOINT_S", 0.0)
    original = callback.Keeper.on_log

    def on_log(self, args, state, control, **rest):
        original(self, args, state, control, **rest)
        if state.global_step == 4:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(callback.Keeper, "on_log", on_log)
        with pytest.raises(Killed):
            go(job, tmp_path / "out")
    assert (tmp_path / "out" / "initial").is_dir()
    resumed = go(job, tmp_path / "out")
    assert resumed.curves["loss"] == whole.curves["loss"]
    assert resumed.digest == whole.digest
    assert not (tmp_path / "out" / "initial").exists()


def test_gradients_come_through_a_base_in_4_bits_that_eva_has_asked(make_job, tmp_path, monkeypatch):
    norms = {}
    for init in ("default", "eva"):
        job = make_job(lora=Lora(r=4, init=init), epochs=1)
        norms[init] = dict(go(replace(job, dtype="float32"), tmp_path / init).curves["grad_norm"])
    assert norms["eva"][1] > 0.2 * norms["default"][1]


def test_too_few_rows_for_eva_are_named(make_job, tmp_path):
    with pytest.raises(TrainError, match=r'lora.init = "eva" needs \d+ training rows for lora.r = 64'):
        go(make_job(method="lora", rows=2, lora=Lora(r=64, init="eva"), epochs=1), tmp_path / "out")


@pytest.mark.parametrize(("init", "method"), [("pissa", "lora"), ("loftq", "qlora")])
def test_a_rank_above_the_smaller_side_of_a_layer_is_filled_with_zeros(make_job, tmp_path, init, method):
    """k_proj is 64 -> 32: it has 32 singular vectors."""
    from safetensors import safe_open

    job = make_job(method=method, lora=Lora(r=40, init=init), epochs=1, rows=8)
    manifest = go(replace(job, dtype="float32"), tmp_path / "out")
    with safe_open(manifest.adapter / "adapter_model.safetensors", "pt") as file:
        [name] = (name for name in file.keys() if "layers.0.self_attn.k_proj.lora_B" in name)  # noqa: SIM118
        assert file.get_tensor(name).shape == (32, 80)
        assert file.metadata() == {"format": "pt"}


def test_a_rank_that_eva_cannot_fill_is_named_with_its_layer(make_job, tmp_path):
    with pytest.raises(TrainError, match=r"layer model.layers.0.self_attn.q_proj has 64 inputs, and rank 100") as told:
        go(make_job(method="lora", lora=Lora(r=100, init="eva"), epochs=1), tmp_path / "out")
    assert "to 64 or less" in str(told.value)
