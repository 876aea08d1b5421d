"""Probes: log-probabilities of a server against a reference."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from pytest_ftgate.serve.model import Model
from pytest_ftgate.serve.vllm.failures import FAILURES, explain
from pytest_ftgate.serve.vllm.probe import Agreement, agreement, b_is_zero
from tests.reference import reference_logprobs
from tests.unit.serve.conftest import make_model

IDS = [[1, 5, 9, 200, 3], [2, 7]]


@torch.no_grad()
def expected(network, ids: list[int]) -> list[float]:
    """By the definition: one forward pass for each prefix."""
    found = []
    for at in range(1, len(ids)):
        scores = network(torch.tensor([ids[:at]])).logits[0, -1].double()
        found.append(float(scores[ids[at]] - torch.logsumexp(scores, 0)))
    return found


def test_the_reference_is_the_models_log_probability(model, model_dir):
    found = reference_logprobs(Model(str(model_dir), dtype="float32"), IDS)
    for ids, values in zip(IDS, found, strict=True):
        assert values == pytest.approx(expected(model, ids), abs=1e-5)


def test_the_reference_of_an_adapter_is_pefts(model_dir, adapter_dir, tokenizer):
    from peft import PeftModel

    network = PeftModel.from_pretrained(make_model(len(tokenizer)), adapter_dir).eval()
    found = reference_logprobs(Model(str(model_dir), dtype="float32", adapter=adapter_dir), IDS)
    base = reference_logprobs(Model(str(model_dir), dtype="float32"), IDS)
    for ids, values, plain in zip(IDS, found, base, strict=True):
        assert values == pytest.approx(expected(network, ids), abs=1e-5)
        assert agreement(values, plain).largest > 1e-3


@given(st.lists(st.tuples(st.floats(-50, 0), st.floats(-50, 0)), min_size=1))
def test_agreement(pairs):
    ours, theirs = zip(*pairs, strict=True)
    found = agreement(ours, theirs)
    assert found.tokens == len(pairs)
    assert 0 <= found.mean <= found.largest * (1 + 1e-9)
    assert agreement(ours, ours) == Agreement(len(pairs), 0, 0)


def test_the_wrong_adapter_is_outside_every_tolerance():
    assert Agreement(40, 5e-5, 1e-5).within("float32")
    assert not Agreement(40, 2e-3, 1e-5).within("float32")
    assert not Agreement(40, 0.9, 0.3).within("bfloat16")


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_b_is_zero(tmp_path: Path, dtype):
    a, zero = torch.ones(4, 2, dtype=dtype), torch.zeros(2, 4, dtype=dtype)
    for b, is_zero in ((zero, True), (zero.index_fill(0, torch.tensor([1]), 1e-6), False)):
        save_file(
            {"q.lora_A.weight": a, "q.lora_B.weight": b, "v.lora_B.weight": zero.clone()},
            tmp_path / "adapter_model.safetensors",
        )
        assert b_is_zero(tmp_path) is is_zero


def test_each_failure_has_a_text_of_its_own():
    for failure in FAILURES:
        found = explain(f"first\n(EngineCore pid=1) {failure.text} and so on\nlast\n")
        assert found is not None
        assert found[0] is failure
        assert found[1] == f"(EngineCore pid=1) {failure.text} and so on"
    assert explain("all is well") is None
