"""Batch of examples -> tensors padded on the left, and the loss of the answers alone.

The answers of a batch end in the same column, so one integer, `logits_to_keep`, keeps the LM head away from the
prompts. With a vocabulary of 49,152 the head is a fifth of the arithmetic of a 135M model if it sees every position.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

IGNORED = -100
"""Label of a position that the loss does not look at."""


class Collator:
    """Rows {"asked": ids, "answer": ids} -> input_ids, attention_mask, position_ids, labels [rows, longest], and

    logits_to_keep: number of last columns from the one before the first answer token of any row. A row may have
    "labels" of its own, one for each token of "answer": what it does not learn of them is IGNORED.
    """

    def __init__(self, pad_id: int) -> None:
        self.pad_id = pad_id

    def __call__(self, rows: Sequence[Mapping[str, Sequence[int]]]) -> dict[str, Any]:
        """One batch of one row or more."""
        width = max(len(row["asked"]) + len(row["answer"]) for row in rows)
        ids = torch.full((len(rows), width), self.pad_id)
        labels = torch.full((len(rows), width), IGNORED)
        mask = torch.zeros((len(rows), width), dtype=torch.long)
        for i, row in enumerate(rows):
            both = [*row["asked"], *row["answer"]]
            ids[i, width - len(both) :] = torch.tensor(both)
            mask[i, width - len(both) :] = 1
            labels[i, width - len(row["answer"]) :] = torch.tensor(row.get("labels", row["answer"]))
        return {
            "input_ids": ids,
            "attention_mask": mask,
            "position_ids": (mask.cumsum(1) - 1).clamp(min=0),
            "labels": labels,
            "logits_to_keep": max(len(row["answer"]) for row in rows) + 1,
        }


def answer_loss(model: Any, batch: Mapping[str, Any], num_items: Any = None) -> torch.Tensor:
    """Sum of the cross-entropies of the batch's answer tokens, over `num_items` (default: their number). A scalar."""
    asked = {key: value for key, value in batch.items() if key != "labels"}
    logits, wanted = _said_and_wanted(model(**asked, use_cache=False).logits, batch)
    total = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1).float(), wanted.flatten(), ignore_index=IGNORED, reduction="sum"
    )
    count = (wanted != IGNORED).sum() if num_items is None else torch.as_tensor(num_items, device=total.device)
    return total / count.clamp(min=1)


def _said_and_wanted(logits: torch.Tensor, batch: Mapping[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits and the labels of the tokens after them. logits: of the last columns, or of the places that are named."""
    kept, labels = batch["logits_to_keep"], batch["labels"]
    if torch.is_tensor(kept):
        return logits, labels[:, kept + 1]
    return logits[:, :-1], labels[:, -logits.shape[1] + 1 :]


def fused_answer_loss(model: Any, batch: Mapping[str, Any], num_items: Any = None) -> torch.Tensor:
    """The same by the head that TRL's SFTTrainer adds to its model, for a GPU: it never holds all logits.

    `answer_loss` holds [rows, longest answer, vocabulary] in the model's precision, in float32, and the gradient of
    each: of 8 answers of 768 tokens and 128,256 words 2 + 4 + 4 + 2 bytes for each of 788 million, 9 GiB. The fused
    head holds a tile of 4,096 tokens and 32,768 words, and computes it anew in the backward pass, slow on a CPU.
    """
    asked = {key: value for key, value in batch.items() if key != "logits_to_keep"}
    said = model(**asked, fused_lm_head=True)
    count = said.label_mask.sum() if num_items is None else torch.as_tensor(num_items, device=said.log_probs.device)
    loss: torch.Tensor = -said.log_probs.sum() / count.clamp(min=1)
    return loss


def can_fuse(model: Any) -> bool:
    """Whether TRL's fused head computes what the model's own does: an adapter on it would be left out."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    return not isinstance(model.get_output_embeddings(), BaseTunerLayer)


def keep_head_input_whole(model: Any) -> None:
    """Hand the LM head a contiguous input: for a view of the last columns, torch copies its weight for every row."""
    head = model.get_output_embeddings()
    if head is not None:
        head.register_forward_pre_hook(lambda _module, inputs: (inputs[0].contiguous(), *inputs[1:]))
