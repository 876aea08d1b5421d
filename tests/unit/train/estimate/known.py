"""Configurations of models that figures are published for; no weights."""

from __future__ import annotations

from typing import Any


def tiny_llama(
    *,
    hidden: int = 64,
    intermediate: int = 128,
    layers: int = 2,
    heads: int = 4,
    kv_heads: int = 2,
    vocabulary: int = 300,
) -> Any:
    """A configuration in the shape of a Llama; nothing of it is large until it has weights."""
    from transformers import LlamaConfig

    return LlamaConfig(
        hidden_size=hidden,
        intermediate_size=intermediate,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=kv_heads,
        vocab_size=vocabulary,
    )


def llama(billions: int) -> Any:
    """Llama 3.1 8B; the first Llama of 7B and of 65B."""
    sizes = {
        8: {"hidden": 4096, "intermediate": 14336, "layers": 32, "heads": 32, "kv_heads": 8, "vocabulary": 128256},
        7: {"hidden": 4096, "intermediate": 11008, "layers": 32, "heads": 32, "kv_heads": 32, "vocabulary": 32000},
        65: {"hidden": 8192, "intermediate": 22016, "layers": 80, "heads": 64, "kv_heads": 64, "vocabulary": 32000},
    }
    return tiny_llama(**sizes[billions])
