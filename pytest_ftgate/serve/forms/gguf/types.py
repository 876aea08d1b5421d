"""(tensor, wanted type) -> the type that llama.cpp's own quantiser gives it.

Q4_K_M is a mixture: half of the value and down projections, and the head, in Q6_K, the others in Q4_K. K types hold
256 numbers together; rows of another length fall back to Q5_0 and Q8_0, as there.
"""

from __future__ import annotations

import re
from typing import Any

from pytest_ftgate.serve.forms.gguf.architecture import Architecture

TOGETHER = 256
"""Numbers in a block of a K type."""

FALLBACK = {"Q4_K": "Q5_0", "Q6_K": "Q8_0"}
"""For rows that are no multiple of it."""

SMALL = 32
"""Numbers in a block of the other types."""


def type_of(name: str, shape: tuple[int, ...], wanted: str, known: Architecture) -> Any:
    """The GGMLQuantizationType of a tensor. wanted: of `form.GGUF_TYPES`. Norms and biases stay in float32."""
    from gguf import GGMLQuantizationType

    return GGMLQuantizationType[_name_of(name, shape, wanted, known)]


def row_bytes(row: int, kind: Any) -> int:
    """Bytes of so many numbers in a type."""
    from gguf import GGML_QUANT_SIZES

    block, size = GGML_QUANT_SIZES[kind]
    return row // int(block) * int(size)


def _name_of(name: str, shape: tuple[int, ...], wanted: str, known: Architecture) -> str:
    if len(shape) < 2:
        return "F32"
    if wanted == "Q4_K_M":
        mixed = _mixed(name, known)
        wanted = mixed if shape[-1] % TOGETHER == 0 else FALLBACK[mixed]
    whole = wanted in {"F16", "BF16"} or shape[-1] % (TOGETHER if wanted.endswith("_K") else SMALL) == 0
    return wanted if whole else "F16"


def _mixed(name: str, known: Architecture) -> str:
    """Of Q4_K_M: "Q6_K" or "Q4_K"."""
    if name == ("token_embd.weight" if known.tied else "output.weight"):
        return "Q6_K"
    found = re.fullmatch(r"blk\.(\d+)\.(attn_v|ffn_down)\.weight", name)
    return "Q6_K" if found and _is_sensitive(int(found[1]), known.layers) else "Q4_K"


def _is_sensitive(layer: int, layers: int) -> bool:
    """The first eighth of the layers, the last, and every third between."""
    eighth = layers // 8
    return layer < eighth or layer >= 7 * layers // 8 or (layer - eighth) % 3 == 2
