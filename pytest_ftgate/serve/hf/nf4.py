"""Compute dtype -> the 4-bit NormalFloat configuration that training and the transformers server share."""

from __future__ import annotations

from typing import Any


def nf4(dtype: Any, storage: Any = None) -> Any:
    """4-bit NormalFloat with double quantisation (QLoRA, Dettmers et al. 2023), computing in the torch `dtype`.

    storage: the torch dtype that holds the packed numbers, None = uint8. It changes no weight; FSDP shares out only
    what is stored as floating point numbers.
    """
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
        bnb_4bit_quant_storage=storage,
    )
