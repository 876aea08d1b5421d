"""The table of cards and models in how-to/train.md is what the estimate of `ftgate doctor` comes to."""

from __future__ import annotations

import re

import pytest

from pytest_ftgate.train.estimate.memory import VLLM_SHARE, Parts, Settings, serving, training, validation
from pytest_ftgate.train.estimate.shapes import Shapes, shapes_of
from pytest_ftgate.train.tuning import Lora, Tuning
from tests.docs.blocks import DOCS

GIB = 2**30
CARDS = {"16 GB": 15.0, "24 GB": 22.5, "48 GB": 45.0, "80 GB": 79.6}
"""GiB that nvidia-smi reports of T4, L4, L40S and H100."""
MODELS = {
    "Llama-3.2-3B": (3072, 8192, 28, 24, 8, 128256),
    "Qwen2.5-7B": (3584, 18944, 28, 28, 4, 152064),
    "Llama-3.1-8B": (4096, 14336, 32, 32, 8, 128256),
    "Qwen2.5-14B": (5120, 13824, 48, 40, 8, 152064),
    "Qwen2.5-32B": (5120, 27648, 64, 40, 8, 152064),
    "Llama-3.3-70B": (8192, 28672, 80, 64, 8, 128256),
}
"""Hidden and intermediate size, layers, heads, heads of the cache, vocabulary."""
METHODS = [("`full`", "full", None), ("`lora`", "lora", None), ("`qlora`", "qlora", None)]
QUANTIZED = ("`qlora`\\*", "qlora", "bitsandbytes")
"""Shown where the method fits with it alone."""
ROUGH, THIRD = {"activations", "logits", "cache", "CUDA"}, 1.35


def shapes(name: str) -> Shapes:
    from transformers import LlamaConfig

    keys = ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads")
    sizes = dict(zip((*keys, "vocab_size"), MODELS[name], strict=True))
    return shapes_of(LlamaConfig(**sizes, head_dim=128, tie_word_embeddings=name == "Llama-3.2-3B"))


def gib(parts: Parts) -> float:
    return sum(size * (THIRD if name in ROUGH else 1) for name, size in parts.items()) / GIB


def needed(model: Shapes, method: str, quantization: str | None, batch: int = 8) -> float:
    tuning = Tuning(method=method, batch_size=batch)
    settings = Settings(tuning, Lora(r=16).resolved(5000), "bfloat16", quantization, row=1024, learned=256, answer=256)
    served = gib(serving(model, settings, 2048)) / VLLM_SHARE
    return max(gib(training(model, settings)), gib(validation(model, settings)), served)


def cell(model: Shapes, card: float) -> str:
    fitting = [shown for shown, *how in METHODS if needed(model, *how) <= card]
    shown, *how = QUANTIZED
    fitting += [shown] if "`qlora`" not in fitting and needed(model, *how) <= card else []
    return ", ".join(fitting) or "-"


@pytest.mark.parametrize("name", MODELS)
def test_a_row_of_the_table_is_what_is_estimated(name):
    page = (DOCS / "how-to" / "train.md").read_text("utf-8")
    rows = re.findall(rf"^\| {re.escape(name)} \|.*$", page, re.M)
    model = shapes(name)
    assert rows == [f"| {name} | {' | '.join(cell(model, card) for card in CARDS.values())} |"]


def test_the_exception_below_the_table_is_what_is_estimated():
    small = shapes("Llama-3.2-3B")
    assert needed(small, "full", None, batch=4) <= CARDS["24 GB"] < needed(small, "full", None)
