"""The loss of the answers alone is the loss that transformers computes on right-padded rows with masked prompts."""

from __future__ import annotations

import pytest
import torch

from pytest_ftgate.train.loss import IGNORED, Collator, answer_loss, can_fuse, fused_answer_loss, keep_head_input_whole

ROWS = [
    {"asked": [5, 6, 7, 8, 9, 10], "answer": [11, 12, 2]},
    {"asked": [5, 6], "answer": [13, 2]},
    {"asked": [9, 9, 9, 9], "answer": [14, 15, 16, 17, 2]},
]


def plain_loss(model):
    width = max(len(r["asked"]) + len(r["answer"]) for r in ROWS)
    ids = torch.zeros(len(ROWS), width, dtype=torch.long)
    labels = torch.full((len(ROWS), width), IGNORED)
    mask = torch.zeros(len(ROWS), width, dtype=torch.long)
    for i, r in enumerate(ROWS):
        both = r["asked"] + r["answer"]
        ids[i, : len(both)], mask[i, : len(both)] = torch.tensor(both), 1
        labels[i, len(r["asked"]) : len(both)] = torch.tensor(r["answer"])
    return model(input_ids=ids, attention_mask=mask, labels=labels).loss


def gradients(model, loss):
    model.zero_grad()
    loss.backward()
    return torch.cat([p.grad.flatten() for p in model.parameters()])


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_loss_and_gradients_are_those_of_the_plain_path(model, attention):
    model.set_attn_implementation(attention)
    plain = plain_loss(model)
    wanted = gradients(model, plain)
    ours = answer_loss(model, Collator(0)(ROWS))
    torch.testing.assert_close(ours, plain)
    torch.testing.assert_close(gradients(model, ours), wanted, rtol=1e-4, atol=1e-6)


def test_two_batches_of_one_step_weigh_every_token_alike(model):
    collate = Collator(0)
    items = sum(len(r["answer"]) for r in ROWS)
    parts = sum(answer_loss(model, collate([r]), items) for r in ROWS)
    torch.testing.assert_close(parts, answer_loss(model, collate(ROWS)))


@pytest.mark.parametrize("items", [None, 40])
def test_the_fused_head_of_trl_gives_the_same_loss_and_gradients(model, items):
    """The one for a GPU, here without its kernels."""
    from trl.trainer.utils import add_fused_lm_head

    batch = Collator(0)(ROWS)
    ours = answer_loss(model, batch, items)
    wanted = gradients(model, ours)
    add_fused_lm_head(model)
    fused = fused_answer_loss(model, batch, items)
    torch.testing.assert_close(fused, ours)
    torch.testing.assert_close(gradients(model, fused), wanted, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("modules", "can"), [(["q_proj"], True), (["q_proj", "lm_head"], False)])
def test_an_adapter_on_the_head_forbids_the_fused_one(model, modules, can):
    from peft import LoraConfig, get_peft_model

    assert can_fuse(get_peft_model(model, LoraConfig(r=2, target_modules=modules))) is can


def test_the_head_sees_the_answers_only(model):
    seen = []
    model.lm_head.register_forward_pre_hook(lambda _m, inputs: seen.append(tuple(inputs[0].shape)))
    answer_loss(model, Collator(0)(ROWS))
    assert seen == [(3, 6, 64)]


def test_the_head_gets_a_contiguous_input_and_the_loss_stays(model):
    before = answer_loss(model, Collator(0)(ROWS))
    keep_head_input_whole(model)
    seen = []
    model.lm_head.register_forward_pre_hook(lambda _m, inputs: seen.append(inputs[0].is_contiguous()))
    torch.testing.assert_close(answer_loss(model, Collator(0)(ROWS)), before)
    assert seen == [True]


def test_a_batch_is_padded_on_the_left():
    batch = Collator(99)(ROWS[:2])
    assert batch["input_ids"][1].tolist() == [99] * 5 + [5, 6, 13, 2]
    assert batch["position_ids"][1].tolist() == [0] * 5 + [0, 1, 2, 3]
    assert batch["labels"][1].tolist() == [IGNORED] * 7 + [13, 2]
    assert batch["attention_mask"].sum(1).tolist() == [9, 4]
    assert batch["logits_to_keep"] == 4
