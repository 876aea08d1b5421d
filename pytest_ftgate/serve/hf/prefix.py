"""(model, prompts) -> Prefix: the tokens that all of them begin with, computed once."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch

SHORTEST = 16
"""Tokens; computing a shorter shared prefix apart saves nothing."""


class Prefix:
    """Token ids, and their keys and values in a cache of one row. Empty if there is nothing to share."""

    def __init__(self, model: Any, tokens: Sequence[int] = ()) -> None:
        self.model, self.tokens = model, list(tokens)
        self.cache = _new_cache(model)
        if any(getattr(self.cache, "is_sliding", ())):
            self.tokens = []
        if self.tokens:
            ids = torch.tensor([self.tokens], device=model.device)
            model(input_ids=ids, past_key_values=self.cache, use_cache=True, logits_to_keep=1)

    def cache_for(self, rows: int) -> Any:
        """A new cache for that many rows, each of which has seen the prefix."""
        if not self.tokens:
            return _new_cache(self.model)
        cache = copy.deepcopy(self.cache)
        cache.batch_repeat_interleave(rows)
        return cache

    @property
    def can_join(self) -> bool:
        """True if caches of two batches can become one: every layer keeps all keys, none slides or sums up."""
        from transformers.cache_utils import DynamicLayer

        return all(type(layer) is DynamicLayer for layer in self.cache.layers)

    def begins(self, prompt: Sequence[int]) -> bool:
        """True for a prompt that goes on after the prefix."""
        return len(prompt) > len(self.tokens) and list(prompt[: len(self.tokens)]) == self.tokens


def shared_prefix(model: Any, prompts: Sequence[list[int]], known: Prefix | None = None) -> Prefix:
    """What the prompts share, or the `known` prefix of earlier prompts to the same model where that is as good."""
    tokens = common_prefix(prompts) if len(prompts) > 1 else []
    if known is not None and prompts and all(map(known.begins, prompts)):
        saved = (len(tokens) - len(known.tokens)) * (len(prompts) - 1)
        if saved <= len(tokens):
            return known
    return Prefix(model, tokens if len(tokens) >= SHORTEST else ())


def common_prefix(prompts: Sequence[list[int]]) -> list[int]:
    """The longest common beginning that leaves each prompt at least one token of its own."""
    low, high = min(prompts), max(prompts)
    most = min(map(len, prompts)) - 1
    same = next((i for i in range(most) if low[i] != high[i]), most)
    return list(low[:same])


def _new_cache(model: Any) -> Any:
    from transformers import DynamicCache

    return DynamicCache(config=model.config)
