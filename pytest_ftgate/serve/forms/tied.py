"""A model whose embedding and head are one tensor -> two, while each may get weights of its own; and one again."""

from __future__ import annotations

from typing import Any

import torch


def untie(model: Any) -> bool:
    """Give the head a tensor of its own; whether it had the embedding's. Merging would else change both by either."""
    first, head = _inner(model.get_input_embeddings()), _inner(model.get_output_embeddings())
    if head is None or first.weight is not head.weight:
        return False
    head.weight = torch.nn.Parameter(head.weight.detach().clone(), requires_grad=False)
    return True


def tie_if_equal(model: Any) -> None:
    """One tensor again if merging changed neither, or both alike; else the configuration says that there are two."""
    first, head = model.get_input_embeddings(), model.get_output_embeddings()
    same = torch.equal(first.weight, head.weight)
    model.config.tie_word_embeddings = same  # PEFT says False of all that were two when it merged
    if same:
        head.weight = first.weight
        return
    model.all_tied_weights_keys = {
        target: source for target, source in model.all_tied_weights_keys.items() if not target.startswith("lm_head")
    }


def _inner(module: Any) -> Any:
    """Inside what PEFT has put around it."""
    for name in ("base_layer", "original_module"):
        module = getattr(module, name, module)
    return module
