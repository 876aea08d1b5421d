"""(card, weights, method) -> tokens per second that a fine-tune may reach: a table of data sheets, never measured."""

from __future__ import annotations

import re

from pytest_ftgate.train.tuning import Tuning

TERAFLOPS = {
    "B200": 2250, "H200": 989, "H100 PCIe": 756, "H100": 989, "A100": 312, "L40S": 362, "L40": 181, "L4": 121,
    "A40": 150, "A30": 165, "A10G": 70, "A10": 125, "A6000": 155, "RTX 6000 Ada": 364, "RTX 5090": 210,
    "RTX 4090": 165, "RTX 4080": 97, "RTX 3090": 71, "V100": 125, "T4": 65,
}  # fmt: skip
"""Dense products in bfloat16, or float16 on older cards, 10^12 operations per second, by a part of the card's name."""

REACHED = 0.3
"""Of the data sheet's number, what a fine-tune with short batches reaches."""

IN_4BIT = 0.7
"""Speed of a base that is dequantised in each product, over that of one that is not."""

OPERATIONS = {"full": 8.0, "dpo": 10.0, "kto": 10.0}
"""For each weight and token, 6 for an adapter: forward, once more from the checkpoint, and back to the activations."""


def tabled(card: str, weights: int, tuning: Tuning) -> float:
    """Tokens of training rows per second on one card; 0 without card in the table or weights, and for "grpo"."""
    if tuning.method == "grpo":
        return 0.0  # most of its time it draws answers, of a length that is not known before
    peak = next((value for name, value in TERAFLOPS.items() if _is(card, name)), 0)
    each = weights * OPERATIONS.get(tuning.method, 6.0)
    return peak * 1e12 * REACHED * (IN_4BIT if tuning.in_4bit else 1.0) / each if each else 0.0


def _is(card: str, name: str) -> bool:
    """Whole words: an RTX A4000 is no A40."""
    return re.search(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", card) is not None
