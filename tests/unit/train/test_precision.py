"""The precision of a job -> that of the base in memory, of NF4's products, and of CUDA's autocast."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from pytest_ftgate.serve.device import Device
from pytest_ftgate.train.arguments import arguments
from pytest_ftgate.train.models import load_tokenizer, model_to_train, serving_model
from pytest_ftgate.train.run import make_trainer
from pytest_ftgate.train.tokenised import tokenised


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_frozen_base_is_held_in_it_and_nf4_computes_in_it(make_job, dtype):
    lora = model_to_train(replace(make_job(method="lora"), dtype=dtype))
    assert {weight.dtype for weight in lora.parameters()} == {getattr(torch, dtype)}
    qlora = model_to_train(replace(make_job(method="qlora"), dtype=dtype))
    assert qlora.config.quantization_config.bnb_4bit_compute_dtype == getattr(torch, dtype)
    assert qlora.lm_head.weight.dtype == getattr(torch, dtype)


def test_a_whole_model_is_trained_in_float32(make_job):
    whole = model_to_train(replace(make_job(method="full"), dtype="bfloat16"))
    assert {weight.dtype for weight in whole.parameters()} == {torch.float32}


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_validation_asks_a_model_of_it(make_job, tmp_path, dtype):
    job = replace(make_job(method="lora"), dtype=dtype)
    tokenizer = load_tokenizer(job)
    made = make_trainer(job, tokenizer, tokenised(job, tokenizer, tmp_path), tmp_path)
    made.model.save_pretrained(tmp_path / "adapter", save_embedding_layers=False)
    assert serving_model(job, tmp_path / "adapter").dtype == getattr(torch, dtype)


@pytest.mark.parametrize(
    ("dtype", "cuda", "autocast"),
    [
        ("bfloat16", True, (True, False)),
        ("float16", True, (False, True)),
        ("float32", True, (False, False)),
        ("bfloat16", False, (False, False)),
        ("float32", False, (False, False)),
    ],
)
def test_autocast_is_for_cuda_in_the_jobs_own_precision(make_job, tmp_path, dtype, cuda, autocast):
    device = Device("cuda" if cuda else "cpu", "of a test")
    made = arguments(replace(make_job(), dtype=dtype), tmp_path, device)
    assert (made["bf16"], made["fp16"]) == autocast


def test_the_precision_is_part_of_the_job(make_job):
    job = make_job()
    digests = {replace(job, dtype=dtype).digest for dtype in ("float32", "bfloat16", "float16")}
    assert len(digests) == 3
