"""Which type each tensor of Q4_K_M gets: as llama.cpp's own quantiser chooses."""

from __future__ import annotations

import pytest

from pytest_ftgate.serve.forms.gguf.architecture import Architecture
from pytest_ftgate.serve.forms.gguf.types import type_of

LLAMA_8B = Architecture("llama", {"num_hidden_layers": 32, "tie_word_embeddings": False})
SMOL = Architecture("llama", {"num_hidden_layers": 30, "tie_word_embeddings": True})


@pytest.mark.parametrize(
    ("name", "shape", "known", "kind"),
    [
        ("token_embd.weight", (128256, 4096), LLAMA_8B, "Q4_K"),
        ("output.weight", (128256, 4096), LLAMA_8B, "Q6_K"),
        ("blk.0.attn_v.weight", (1024, 4096), LLAMA_8B, "Q6_K"),
        ("blk.4.attn_v.weight", (1024, 4096), LLAMA_8B, "Q4_K"),
        ("blk.6.ffn_down.weight", (4096, 14336), LLAMA_8B, "Q6_K"),
        ("blk.28.ffn_down.weight", (4096, 14336), LLAMA_8B, "Q6_K"),
        ("blk.3.attn_q.weight", (4096, 4096), LLAMA_8B, "Q4_K"),
        ("blk.3.attn_norm.weight", (4096,), LLAMA_8B, "F32"),
        ("token_embd.weight", (49152, 576), SMOL, "Q8_0"),
        ("blk.3.attn_q.weight", (576, 576), SMOL, "Q5_0"),
        ("blk.0.attn_v.weight", (192, 576), SMOL, "Q8_0"),
        ("blk.4.ffn_down.weight", (576, 1536), SMOL, "Q4_K"),
        ("blk.0.odd.weight", (8, 40), SMOL, "F16"),
    ],
)
def test_q4_k_m(name, shape, known, kind):
    assert type_of(name, shape, "Q4_K_M", known).name == kind


def test_half_of_the_down_projections_are_in_six_bits():
    kinds = [type_of(f"blk.{n}.ffn_down.weight", (4096, 14336), "Q4_K_M", LLAMA_8B).name for n in range(32)]
    assert kinds.count("Q6_K") == 16
