"""(folder or hub id, precision) -> the base model in memory: one way for the trainer, the server and the reference."""

from __future__ import annotations

from typing import Any

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.hf.nf4 import nf4

QUANTIZATIONS = ("bitsandbytes",)
"""As vLLM calls them. Each must mean the same to the trainer's validation and to every engine: NF4, quantised twice."""


def load_weights(
    base: str, revision: str | None, dtype: Any, quantization: str | None = None, storage: Any = None, **options: Any
) -> Any:
    """The causal language model of transformers, where `options` (device_map, attn_implementation) put it.

    dtype: of torch. quantization: one of `QUANTIZATIONS`, or None. storage: of `nf4`. Raises ServeError for any other.
    """
    from transformers import AutoModelForCausalLM

    check_quantization(quantization)
    config = nf4(dtype, storage) if quantization else None
    return AutoModelForCausalLM.from_pretrained(
        base, revision=revision or "main", dtype=dtype, quantization_config=config, **options
    )


def check_quantization(quantization: str | None) -> None:
    """Raises ServeError unless the name is None or one of `QUANTIZATIONS`; nothing is ever taken for another one."""
    if quantization is not None and quantization not in QUANTIZATIONS:
        known = ", ".join(map(repr, QUANTIZATIONS))
        raise ServeError(f"[serve] quantization is {quantization!r}; transformers supports {known} or none")
