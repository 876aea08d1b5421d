"""What the trainer's model says, kept beside the adapter."""

from __future__ import annotations

import json

import pytest
import torch

from pytest_ftgate.serve.hf.generate import prompt_tokens
from pytest_ftgate.serve.hf.reference_logprobs import (
    FILE,
    LENGTH,
    TALKS,
    ReferenceLogprobs,
    TokenLogprobs,
    greedy,
    prove,
    read_proof,
    write_proof,
)


@torch.no_grad()
def by_definition(network, prompt, length):
    """One whole forward pass for each token, no cache."""
    ids, tokens, logprobs = list(prompt), [], []
    for _ in range(length):
        scores = network(torch.tensor([ids])).logits[0, -1].double().log_softmax(-1)
        tokens.append(int(scores.argmax()))
        logprobs.append(float(scores.max()))
        ids.append(tokens[-1])
    return tokens, logprobs


def test_greedy_is_what_its_definition_gives(model, tokenizer):
    prompt = prompt_tokens(tokenizer, TALKS[1])
    tokens, logprobs = greedy(model, prompt)
    expected_tokens, expected = by_definition(model, prompt, LENGTH)
    assert list(tokens) == expected_tokens
    assert list(logprobs) == pytest.approx(expected, abs=1e-4)


def test_a_proof_comes_back_as_it_was_written(model, tokenizer, tmp_path):
    proof = prove(model, tokenizer)
    assert proof.dtype == "float32"
    assert [said.prompt for said in proof.said] == [tuple(prompt_tokens(tokenizer, talk)) for talk in TALKS]
    write_proof(proof, tmp_path)
    assert read_proof(tmp_path) == proof


def test_an_adapter_of_another_program_has_none(tmp_path):
    assert read_proof(tmp_path) is None


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"dtype": "float32", "said": [{"tokens": [1]}]}', json.dumps({"dtype": 1})]
)
def test_a_spoiled_proof_is_named(tmp_path, text):
    (tmp_path / FILE).write_text(text)
    with pytest.raises(ValueError, match=r"proof\.json is no proof of this program"):
        read_proof(tmp_path)


def test_the_digest_of_an_adapter_does_not_count_it(tmp_path):
    from pytest_ftgate.serve.adapter import adapter_digest

    (tmp_path / "adapter_config.json").write_text('{"r": 8}')
    (tmp_path / "adapter_model.safetensors").write_bytes(b"weights")
    before = adapter_digest(tmp_path)
    write_proof(ReferenceLogprobs("float32", (TokenLogprobs((1,), (2,), (-0.5,)),)), tmp_path)
    assert adapter_digest(tmp_path) == before
