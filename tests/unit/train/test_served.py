"""Validation asks what will be served: the model in the trainer's memory where it is that, else a copy that is freed."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from pytest_ftgate.serve.hf.weights import load_weights
from pytest_ftgate.train import served
from pytest_ftgate.train.events import EventLog
from pytest_ftgate.train.manifest import read_manifest
from pytest_ftgate.train.models import load_tokenizer
from pytest_ftgate.train.precision import shares_base, trained_dtype
from pytest_ftgate.train.room import RUNTIME, bytes_to_serve, move, sets_aside
from pytest_ftgate.train.run import make_trainer, run
from pytest_ftgate.train.served import training_model
from pytest_ftgate.train.tokenised import tokenised
from pytest_ftgate.train.tuning import Lora


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def go(job, out):
    out.mkdir(exist_ok=True)
    run(job, out, EventLog(out / "events.jsonl"))
    return read_manifest(out / "manifest.json")


@pytest.fixture
def copies(monkeypatch):
    """Of each copy of the base that was loaded for validation, weak references to its weights."""
    made: list[list[weakref.ref]] = []
    original = served.serving_model

    def loading(*args):
        model = original(*args)
        made.append([weakref.ref(weight) for weight in model.parameters()])
        return model

    monkeypatch.setattr(served, "serving_model", loading)
    return made


@pytest.mark.parametrize(
    ("method", "dtype", "quantization"),
    [
        ("lora", "float32", None),
        ("lora", "bfloat16", None),
        ("qlora", "bfloat16", "bitsandbytes"),
        ("full", "float32", None),
    ],
)
def test_the_model_in_memory_says_what_a_copy_says_and_is_then_what_it_was(
    make_job, tmp_path, monkeypatch, copies, method, dtype, quantization
):
    """NF4 as on CUDA, where nothing packs it."""
    monkeypatch.setattr("bitsandbytes.nn.modules.has_avx512bf16", lambda: False)
    monkeypatch.setattr(served, "shares_base", lambda job, _: shares_base(job, "cuda"))
    job = replace(make_job(method=method), dtype=dtype, quantization=quantization)
    itself = go(job, tmp_path / "itself")
    assert copies == []
    monkeypatch.setattr(served, "shares_base", lambda *_: False)
    copied = go(job, tmp_path / "copied")
    assert len(copies) == 2
    assert itself.digest == copied.digest
    assert itself.epochs == copied.epochs
    assert itself.curves == copied.curves
    if method != "full":
        assert (itself.adapter / "proof.json").read_text() == (copied.adapter / "proof.json").read_text()


def test_a_copy_in_4_bits_is_freed_before_the_training_goes_on(make_job, tmp_path, copies):
    job = replace(make_job(method="lora", epochs=1), quantization="bitsandbytes")
    gc.collect()
    gc.disable()  # as a collection would come one day, and the memory of a GPU be full before
    try:
        go(job, tmp_path / "out")
        [copy] = copies
        assert [weight() for weight in copy if weight() is not None] == []
    finally:
        gc.enable()


class Killed(BaseException):
    """As sudden as a signal for what it interrupts."""


@pytest.mark.parametrize("method", ["lora", "full"])
def test_an_epoch_that_waited_for_its_validation_is_validated_as_it_was_saved(make_job, tmp_path, monkeypatch, method):
    whole = go(make_job(method=method), tmp_path / "whole")

    def killed(*_args):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(served, "ask_as_served", killed)
        patch.setattr("pytest_ftgate.train.validate.ask_as_served", killed)
        with pytest.raises(Killed):
            go(make_job(method=method), tmp_path / "out")
    assert go(make_job(method=method), tmp_path / "out").epochs == whole.epochs


def test_neither_autocast_nor_checkpoints_of_gradients_reach_the_validation(make_job, tmp_path):
    """As Trainer prepares a model on CUDA."""
    job = replace(make_job(method="lora", max_length=96), dtype="float32")
    tokenizer = load_tokenizer(job)
    trainer = make_trainer(job, tokenizer, tokenised(job, tokenizer, tmp_path), tmp_path / "out")
    trainer.model.save_pretrained(tmp_path / "adapter")
    ids = torch.tensor([[5, 6, 7, 8]])
    with torch.inference_mode():
        wanted = served.serving_model(job, tmp_path / "adapter")(ids, use_cache=True)

    model = trainer.model
    model.gradient_checkpointing_enable()
    model.enable_input_require_grads()
    model.train()
    model._original_forward = model.forward
    model.forward = torch.autocast("cpu", torch.bfloat16)(model.forward)
    with torch.inference_mode(), training_model(trainer, tmp_path / "adapter", torch.float32) as asked:
        found = asked(ids, use_cache=True)
    assert torch.equal(found.logits, wanted.logits)
    assert found.past_key_values is not None
    assert model.training
    assert model(ids).logits.dtype == torch.bfloat16
    assert model.get_base_model().config._attn_implementation == "eager"


@pytest.mark.parametrize(
    ("tuning", "serve", "kind", "shared"),
    [
        ({"method": "qlora"}, {"quantization": "bitsandbytes"}, "cuda", True),
        ({"method": "qlora"}, {"quantization": "bitsandbytes"}, "cpu", False),
        ({"method": "qlora"}, {}, "cuda", False),
        ({"method": "lora"}, {}, "cuda", True),
        ({"method": "lora"}, {"quantization": "bitsandbytes"}, "cuda", False),
        ({"method": "dpo"}, {"quantization": "bitsandbytes"}, "cuda", True),
        ({"method": "dpo", "load_in_4bit": False}, {}, "cuda", True),
        ({"method": "full"}, {"dtype": "bfloat16"}, "cuda", True),
        ({"method": "full"}, {"dtype": "bfloat16"}, "cpu", False),
        ({"method": "full"}, {"dtype": "float32"}, "cpu", True),
        ({"method": "full"}, {"dtype": "float16"}, "cuda", False),
        ({"method": "full"}, {"dtype": "bfloat16", "quantization": "bitsandbytes"}, "cuda", False),
        ({"method": "lora", "strategy": "fsdp"}, {}, "cuda", False),
        ({"method": "lora", "accelerate_config": "own.yaml"}, {}, "cuda", False),
        ({"method": "lora", "kernels": "liger"}, {}, "cuda", False),
    ],
)
def test_where_no_second_base_is_needed(make_job, tuning, serve, kind, shared):
    assert shares_base(replace(make_job(**tuning), **serve), kind) is shared


@pytest.mark.parametrize("lora", [Lora(r=4, init="pissa"), Lora(r=4, extra={"init_lora_weights": "olora"})])
def test_an_initialisation_that_changes_the_base_needs_a_second_one(make_job, lora):
    assert not shares_base(make_job(method="lora", lora=lora), "cuda")


@pytest.mark.parametrize(
    ("method", "dtype", "kind", "trained"),
    [
        ("full", "bfloat16", "cuda", "bfloat16"),
        ("full", "bfloat16", "cpu", "float32"),
        ("full", "float16", "cuda", "float32"),
        ("full", "float32", "cuda", "float32"),
        ("qlora", "bfloat16", "cuda", "float32"),
        ("lora", "bfloat16", "cpu", "float32"),
    ],
)
def test_the_precision_of_what_is_trained(make_job, method, dtype, kind, trained):
    assert trained_dtype(replace(make_job(method=method), dtype=dtype), kind) == trained


def test_a_trained_model_says_its_precision_in_the_manifest(make_job, tmp_path):
    assert go(make_job(method="full", epochs=1), tmp_path / "out").params["trained_dtype"] == "float32"


def test_the_training_leaves_the_device_only_for_want_of_room():
    """A card of 24 GB with 13 in use by the training of an 8B in NF4; the copy is in bfloat16, or in NF4."""
    free = 11 * 2**30
    assert sets_aside(free, 24 * 2**30)
    assert not sets_aside(free, 9 * 2**30)


def test_the_memory_of_a_served_model_is_that_of_its_weights_and_half_as_much(model_dir):
    """Against the bytes that lie in memory, from a model of either kind."""
    whole = load_weights(str(model_dir), None, torch.bfloat16)
    small = load_weights(str(model_dir), None, torch.bfloat16, "bitsandbytes")
    for model in (whole, small):
        assert bytes_to_serve(model, torch.bfloat16, quantized=False) == int(1.5 * _bytes(whole)) + RUNTIME
        needed = (bytes_to_serve(model, torch.bfloat16, quantized=True) - RUNTIME) / 1.5
        assert needed == pytest.approx(_bytes(small), rel=0.1)


def _bytes(model):
    scales = sum(
        weight.quant_state.absmax.nbytes + weight.quant_state.state2.absmax.nbytes
        for weight in model.parameters()
        if hasattr(weight, "quant_state")
    )
    return sum(weight.nbytes for weight in model.parameters()) + scales


def test_all_that_the_training_holds_moves_but_what_is_paged(model):
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.tensor([[1, 2, 3]]), labels=torch.tensor([[1, 2, 3]])).loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    first = next(iter(optimizer.state.values()))
    first["exp_avg"].is_paged = True
    trainer = SimpleNamespace(
        model=model, optimizer=optimizer, accelerator=SimpleNamespace(unwrap_model=lambda model: model)
    )
    move(trainer, torch.device("meta"))
    held = [*model.parameters(), *model.buffers(), *(t for state in optimizer.state.values() for t in state.values())]
    assert [tensor is first["exp_avg"] for tensor in held if tensor.device.type != "meta"] == [True]
