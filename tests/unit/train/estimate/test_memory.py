"""Estimates against the figures that are published, and against a training that was measured here."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_ftgate.train.estimate import memory
from pytest_ftgate.train.estimate.memory import Settings, base_bytes, serving, training, validation
from pytest_ftgate.train.estimate.shapes import shapes_in, shapes_of
from pytest_ftgate.train.tuning import Lora, Tuning
from tests.unit.train.estimate.known import llama, tiny_llama

GB, GIB = 1e9, 2**30


def settings(row: int = 512, r: int = 16, **tuning: object) -> Settings:
    return Settings(Tuning(**({"batch_size": 1} | tuning)), Lora(r=r).resolved(5000), "bfloat16", row=row)


def total(parts) -> float:
    return sum(parts.values())


def test_published_8b_in_nf4_has_5_5_gb():
    assert base_bytes(shapes_of(llama(8)), "bfloat16", in_4bit=True) == pytest.approx(5.5 * GB, rel=0.1)


def test_published_qlora_of_7b_takes_5_to_6_gb():
    needed = total(training(shapes_of(llama(7)), settings()))
    assert 5 * GB * 0.9 < needed < 6 * GB * 1.1


def test_published_qlora_of_65b_fits_into_48_gb():
    needed = total(training(shapes_of(llama(65)), settings(r=64)))
    assert 0.8 * 48 * GB < needed < 48 * GB


def test_published_lora_of_8b_in_bfloat16_takes_16_to_18_gb():
    needed = total(training(shapes_of(llama(8)), settings(method="lora")))
    assert 16 * GB * 0.9 < needed < 18 * GB * 1.1


def test_a_whole_model_needs_weights_gradients_and_states():
    parts = training(shapes_of(llama(8)), settings(method="full"))
    weights = shapes_of(llama(8)).weights
    assert "adapter" in parts
    assert not parts["adapter"]
    assert parts["gradients"] >= weights * 2
    assert parts["optimizer"] == weights * 2, "in 8 bits"


def test_drawn_answers_have_a_cache_and_never_all_logits():
    shapes = shapes_of(llama(8))
    few, many = (settings(method="grpo", generations=8, batch_size=8, gradient_accumulation=n) for n in (1, 64))
    drawn = shapes.cached(512) * 8 * 64 * 2
    assert training(shapes, few)["activations"] < drawn
    assert training(shapes, many)["activations"] == drawn
    assert training(shapes, few)["logits"] == training(shapes, replace(few, cuda=False))["logits"]


@pytest.mark.parametrize(
    ("tuning", "states"),
    [
        ({}, 2.0),
        ({"optimizer": "adamw_torch_fused"}, 8.0),
        ({"optimizer": "lion_8bit"}, 1.0),
        ({"optimizer": "adafactor"}, 0.0),
    ],
)
def test_the_optimizer_holds_what_it_is(tuning, states):
    assert memory.optimizer_bytes(Tuning(**tuning), cuda=True) == states
    assert memory.optimizer_bytes(Tuning(), cuda=False) == 8.0


def test_strategies_share_out_what_they_do():
    shapes = shapes_of(llama(8))
    alone = training(shapes, settings(method="lora", gpus=4))
    two = training(shapes, settings(method="lora", gpus=4, strategy="deepspeed-2"))
    three = training(shapes, settings(method="lora", gpus=4, strategy="fsdp"))
    assert two["weights"] == alone["weights"]
    assert two["optimizer"] == alone["optimizer"] / 4
    assert three["weights"] == alone["weights"] / 4
    assert training(shapes, settings(gpus=4, strategy="fsdp", cpu_offload=True))["weights"] == 0


def test_validation_at_16_bits_is_larger_than_training_in_4():
    """The first failure of an 8B model on a 24 GB card (F3)."""
    shapes = shapes_of(llama(8))
    longer = settings(row=1024, batch_size=8)
    assert total(training(shapes, longer)) < 24 * GIB
    assert total(validation(shapes, longer)) > 15 * GIB
    assert total(validation(shapes, replace(longer, quantization="bitsandbytes"))) < 14 * GIB


def test_a_context_of_131_072_tokens_wants_16_gib_of_cache():
    """Why vLLM did not start on a 24 GB card (F8)."""
    parts = serving(shapes_of(llama(8)), settings(), 131_072)
    assert parts["cache"] == pytest.approx(16 * GIB, rel=0.01)


def test_an_adapter_is_on_the_layers_that_are_named():
    shapes = shapes_of(tiny_llama())
    one = memory.adapter_weights(shapes, Lora(r=4, target_modules=("q_proj",)))
    assert one == 2 * 4 * (64 + 64)
    assert memory.adapter_weights(shapes, Lora(r=4)) == 2 * 4 * (2 * (64 + 64) + 2 * (64 + 32) + 3 * (64 + 128))


FACTOR = 1.6
"""Within which the peak of a training on the CPU is met: measured 3.1 GiB for 2.2 (NF4), 3.2 for 3.0, 1.4 for 1.5."""


def test_a_training_here_takes_what_was_estimated(make_job, model_dir, tmp_path):
    """Most of it is Python with torch and TRL: the model is tiny."""
    import threading

    import psutil

    from pytest_ftgate.train.launch import train

    job, peak, done = make_job(epochs=1, method="lora"), 0, threading.Event()

    def watch():
        nonlocal peak
        while not done.wait(0.05):
            for child in psutil.Process().children(recursive=True):
                try:
                    peak = max(peak, child.memory_info().rss)
                except psutil.Error:
                    continue

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        train(job, tmp_path / "run", lambda _event: None)
    finally:
        done.set()
        watching.join()
    shapes = shapes_in(model_dir)
    assert shapes is not None
    needed = total(training(shapes, Settings(job.tuning, job.lora, job.dtype, cuda=False, row=96, learned=8)))
    assert needed / FACTOR < peak < needed * FACTOR, f"measured {peak / GIB:.2f} GiB, estimated {needed / GIB:.2f}"


def test_all_logits_are_held_only_where_no_head_is_fused():
    shapes = shapes_of(llama(8))
    long = replace(settings(row=1024, batch_size=8), learned=768)
    assert training(shapes, long)["logits"] < 2 * GIB
    whole = replace(long, tuning=replace(long.tuning, method="dpo"))
    assert training(shapes, whole)["logits"] > 2 * 10 * GIB
