"""Rows in one line, without padding, give the loss, the gradients and the adapter of padded batches."""

from __future__ import annotations

import pytest
import torch

from pytest_ftgate.errors import TrainError
from pytest_ftgate.train.attention import attention
from pytest_ftgate.train.loss import Collator, answer_loss
from pytest_ftgate.train.packing import InLine, keep_rows_apart
from pytest_ftgate.train.tuning import Tuning
from tests.unit.train.test_loss import ROWS, gradients
from tests.unit.train.test_run import go

OWN_LABELS = {"asked": [7, 8], "answer": [9, 10, 2, 11, 2], "labels": [9, -100, -100, 11, 2]}
LONG = {"asked": list(range(5, 45)), "answer": [50, 51, 2]}


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_loss_and_gradients_are_those_of_padded_batches(model, attention):
    model.set_attn_implementation(attention)
    rows = [*ROWS, OWN_LABELS, LONG]
    padded = answer_loss(model, Collator(0)(rows))
    wanted = gradients(model, padded)
    line = keep_rows_apart(model)(rows)
    assert line["input_ids"].shape == (1, sum(len(row["asked"]) + len(row["answer"]) for row in rows))
    in_line = answer_loss(model, line)
    torch.testing.assert_close(in_line, padded, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(gradients(model, in_line), wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_the_window_of_sliding_attention_is_that_of_padded_batches(tokenizer, attention):
    from transformers import MistralConfig, MistralForCausalLM

    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = MistralConfig(vocab_size=330, num_key_value_heads=1, sliding_window=8, initializer_range=0.3, **sizes)
    model = MistralForCausalLM(config)
    model.set_attn_implementation(attention)
    padded = answer_loss(model, Collator(0)([LONG, *ROWS]))
    torch.testing.assert_close(answer_loss(model, keep_rows_apart(model)([LONG, *ROWS])), padded, rtol=1e-5, atol=1e-5)


def test_a_model_made_ready_still_answers_padded_batches(model):
    before = answer_loss(model, Collator(0)(ROWS))
    keep_rows_apart(model)
    torch.testing.assert_close(answer_loss(model, Collator(0)(ROWS)), before)
    prompt = torch.tensor([[5, 6, 7]])
    assert model.generate(prompt, max_new_tokens=4, do_sample=False).shape[1] > 3


def test_gradient_checkpoints_know_where_rows_end(model):
    collate = keep_rows_apart(model)
    wanted = gradients(model, answer_loss(model, collate(ROWS)))
    model.gradient_checkpointing_enable({"use_reentrant": False})
    model.train()
    torch.testing.assert_close(gradients(model, answer_loss(model, collate(ROWS))), wanted)


def test_the_head_sees_what_is_learnt_only(model):
    seen = []
    collate = keep_rows_apart(model)
    model.lm_head.register_forward_pre_hook(lambda _m, inputs: seen.append(tuple(inputs[0].shape)))
    answer_loss(model, collate([*ROWS, OWN_LABELS]))
    assert seen == [(1, 13, 64)]


def test_flash_attention_is_given_where_rows_end():
    batch = InLine(varlen=True)(ROWS)
    assert batch["cu_seq_lens_q"].tolist() == batch["cu_seq_lens_k"].tolist() == [0, 9, 13, 22]
    assert (batch["max_length_q"], batch["max_length_k"]) == (9, 9)
    assert batch["position_ids"].tolist() == [[*range(9), *range(4), *range(9)]]
    assert not {"attention_mask", "row_lengths"} & set(batch)


def test_a_model_in_which_rows_see_each_other_is_refused(model):
    model.model.layers[0].register_forward_hook(lambda _module, _inputs, out: out + out.cumsum(1))
    with pytest.raises(TrainError, match=r"rows of one line would see each other \(LlamaForCausalLM\)\n.*remove"):
        keep_rows_apart(model)


@pytest.mark.parametrize("layer", ["linear_attention", "chunked_attention", "conv"])
def test_layers_that_are_not_known_to_keep_rows_apart_are_refused(model, layer):
    model.config.layer_types = ["full_attention", layer]
    with pytest.raises(TrainError, match=rf"would see each other \({layer}\)"):
        keep_rows_apart(model)


def test_a_packed_fine_tune_is_the_padded_one(make_job, tmp_path):
    padded = go(make_job(rows=22), tmp_path / "padded")
    packed = go(make_job(rows=22, packing=True), tmp_path / "packed")
    for name in ("loss", "grad_norm", "validation_loss"):
        steps, values = zip(*packed.curves[name], strict=True)
        expected = dict(padded.curves[name])
        assert list(steps) == list(expected)
        assert values == pytest.approx(list(expected.values()), rel=0.03), name
    assert packed.params["packing"] is True


@pytest.mark.parametrize(
    ("tuning", "kind", "expected"),
    [
        ({"max_length": 512}, "cpu", "eager"),
        ({"max_length": 513}, "cpu", None),
        ({"max_length": 64, "attention": "sdpa"}, "cpu", "sdpa"),
        ({}, "cuda", None),
        ({"attention": "eager"}, "cuda", "eager"),
    ],
)
def test_which_attention_is_asked_for(tuning, kind, expected):
    assert attention(Tuning(**tuning), kind) == expected


def test_flash_attention_serves_packing_where_it_is_installed(monkeypatch):
    packing = Tuning(packing=True)
    monkeypatch.setattr("pytest_ftgate.train.attention.find_spec", lambda _: None)
    assert attention(packing, "cuda") is None
    with pytest.raises(TrainError, match=r"neither flash_attn nor kernels is installed\n    pip install kernels"):
        attention(Tuning(attention="flash_attention_2"), "cuda")
    with pytest.raises(TrainError, match="needs CUDA, found a CPU"):
        attention(Tuning(attention="flash_attention_3"), "cpu")
    monkeypatch.setattr("pytest_ftgate.train.attention.find_spec", lambda name: name == "kernels" or None)
    assert attention(packing, "cuda") == "flash_attention_2"
    assert attention(Tuning(packing=True, method="full"), "cuda") is None, "its weights are float32"
