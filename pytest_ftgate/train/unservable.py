"""Tables [lora] and [lora.extra] of pipeline.toml -> the keys whose adapters vLLM cannot serve."""

from __future__ import annotations

from collections.abc import Iterator

UNSERVABLE = {
    "modules_to_save": "full layers next to the adapter",
    "trainable_token_indices": "trained embeddings of tokens",
    "use_dora": "DoRA adapters",
    "bias": "adapters with trained biases",
    "lora_bias": "adapters with trained biases",
    "layer_replication": "repeated layers",
    "alora_invocation_tokens": "activated LoRA",
    "use_bdlora": "block-diagonal LoRA",
    "use_qalora": "QALoRA",
    "kasa_config": "KaSA adapters",
    "monteclora_config": "MonteCLoRA adapters",
    "arrow_config": "Arrow adapters",
}
"""Keys of PEFT that are refused before training, and what vLLM cannot serve because of them."""

NOTHING: tuple[object, ...] = (None, False, "none", [], {})
"""Values that ask for nothing."""


def unservable(table: object, at: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The keys of UNSERVABLE in [lora] and [lora.extra] that ask for something; all of them are taken out."""
    if isinstance(table, dict):
        yield from ((*at, key) for key in UNSERVABLE if table.pop(key, None) not in NOTHING)
        if at == ("lora",):
            yield from unservable(table.get("extra"), ("lora", "extra"))
