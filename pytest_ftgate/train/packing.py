"""Rows of a batch one behind the other, without padding, and attention in which none sees another.

The rows of a step, its loss and its gradients are those of padded batches; what is saved is the work on padding.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Any

import torch
from transformers import AttentionInterface
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS, AttentionMaskInterface
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from pytest_ftgate.errors import TrainError
from pytest_ftgate.train.loss import IGNORED

KNOWN_LAYERS = {"full_attention", "sliding_attention"}
"""Of a configuration's `layer_types`: attention that looks at nothing but the keys it is given."""

APART = "rows_apart_"
"""Before the name of an attention that is given one row at a time."""


class InLine:
    """Rows {"asked": ids, "answer": ids} -> input_ids, position_ids, labels [1, tokens], positions begin anew in each
    row; logits_to_keep: places before the tokens that are learnt; and where each row ends, for the attention.

    varlen: the attention takes cumulated lengths, as flash attention does. A row may have "labels", as for `Collator`.
    """

    def __init__(self, *, varlen: bool = False) -> None:
        self._varlen = varlen

    def __call__(self, rows: Sequence[Mapping[str, Sequence[int]]]) -> dict[str, Any]:
        """One batch of one row or more."""
        lengths = [len(row["asked"]) + len(row["answer"]) for row in rows]
        ids = [token for row in rows for part in ("asked", "answer") for token in row[part]]
        labels = [label for row in rows for label in _labels(row)]
        learnt = [place - 1 for place, label in enumerate(labels) if label != IGNORED]
        return {
            "input_ids": torch.tensor([ids]),
            "position_ids": torch.tensor([[place for length in lengths for place in range(length)]]),
            "labels": torch.tensor([labels]),
            "logits_to_keep": torch.tensor(learnt, dtype=torch.long),
            **(_cumulated(lengths) if self._varlen else _apart(lengths)),
        }


def _labels(row: Mapping[str, Sequence[int]]) -> list[int]:
    return [IGNORED] * len(row["asked"]) + list(row.get("labels", row["answer"]))


def _apart(lengths: list[int]) -> dict[str, Any]:
    """A mask of four dimensions is handed on as it is: transformers then makes none of [tokens, tokens]."""
    return {"row_lengths": lengths, "attention_mask": torch.zeros(1, 1, 1, 1)}


def _cumulated(lengths: list[int]) -> dict[str, Any]:
    ends = torch.tensor([0, *accumulate(lengths)], dtype=torch.int32)
    return {"cu_seq_lens_q": ends, "cu_seq_lens_k": ends, "max_length_q": max(lengths), "max_length_k": max(lengths)}


def keep_rows_apart(model: Any) -> InLine:
    """Make the model's attention look at one row of a line at a time; what makes the lines.

    Flash and flex attention do it by themselves. Raises TrainError for a model whose rows would see each other.
    """
    kind = model.config._attn_implementation
    if kind.startswith("flash"):
        collate = InLine(varlen=True)
    else:
        collate = InLine()
        model.set_attn_implementation(_registered(kind))
    _check(model, collate)
    return collate


def _registered(kind: str) -> str:
    name = APART + kind
    if name not in ALL_ATTENTION_FUNCTIONS:
        AttentionInterface.register(name, _row_by_row(kind))
        AttentionMaskInterface.register(name, ALL_MASK_ATTENTION_FUNCTIONS[kind])
    return name


Attention = Callable[..., tuple[torch.Tensor, torch.Tensor | None]]


def _row_by_row(kind: str) -> Attention:
    """The attention of this name, or the model's own, called for each row; for what is no line, as it is called."""

    def attend(  # noqa: PLR0913, PLR0917 - as transformers calls it
        module: Any,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        attention_mask: torch.Tensor | None,
        row_lengths: Sequence[int] | None = None,
        **options: Any,
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        own = getattr(sys.modules[type(module).__module__], "eager_attention_forward", None)
        attention = ALL_ATTENTION_FUNCTIONS.get_interface(kind, own)
        if row_lengths is None:
            return attention(module, query, key, value, attention_mask, **options)  # type: ignore[no-any-return]
        rows = zip(*(torch.split(each, list(row_lengths), dim=2) for each in (query, key, value)), strict=True)
        window = options.get("sliding_window")
        parts = [attention(module, *row, _mask(kind, row[0], window), **options)[0] for row in rows]
        return torch.cat(parts, dim=1), None

    return attend


def _mask(kind: str, query: torch.Tensor, window: int | None) -> torch.Tensor | None:
    """For one row [1, heads, tokens, ...]: None if the attention is causal by itself and the window no limit."""
    length = query.shape[2]
    if kind == "sdpa" and (window is None or window >= length):
        return None
    seen = torch.ones(length, length, dtype=torch.bool, device=query.device).tril()
    if window is not None:
        seen = seen.triu(1 - window)
    if kind == "sdpa":
        return seen[None, None]
    return torch.zeros_like(seen, dtype=query.dtype).masked_fill(~seen, torch.finfo(query.dtype).min)[None, None]


@torch.no_grad()
def _check(model: Any, collate: InLine) -> None:
    """Change one row, and see whether another one's logits change."""
    config = model.config.get_text_config()
    strange = set(getattr(config, "layer_types", None) or ()) - KNOWN_LAYERS
    if strange or (next(model.parameters()).device.type != "meta" and _mixes(model, collate)):
        layers = ", ".join(sorted(strange)) or type(model).__name__
        raise TrainError(
            f"train.packing: in this model rows of one line would see each other ({layers})\n    remove train.packing"
        )


def _mixes(model: Any, collate: InLine) -> bool:
    """In training mode: in the other one bitsandbytes turns weights into a form that passes no gradients."""
    second = {"asked": [3, 4, 5], "answer": [6, 7]}
    batches = [collate([{"asked": [first], "answer": [8, first]}, second]) for first in (1, 9)]
    training = model.training
    model.train()
    one, other = (_last_logits(model, batch) for batch in batches)
    model.train(training)
    return not torch.allclose(one, other, rtol=1e-2, atol=1e-2)


def _last_logits(model: Any, batch: Mapping[str, Any]) -> torch.Tensor:
    asked = {name: value for name, value in batch.items() if name != "labels"}
    moved = {name: value.to(model.device) if torch.is_tensor(value) else value for name, value in asked.items()}
    with torch.random.fork_rng():
        torch.manual_seed(0)  # of dropout
        return model(**moved, use_cache=False).logits[0, -2:].float()  # type: ignore[no-any-return]
