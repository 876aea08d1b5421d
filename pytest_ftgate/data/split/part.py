"""The three parts of a split, from the least to the most protected, and the share of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, get_args

Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = get_args(Part)
Shares = Mapping[Part, float]
"""Of each part, in [0, 1]; their sum is 1."""


def most_protected(parts: Iterable[Part]) -> Part:
    """Test before validation before train."""
    return max(parts, key=PARTS.index)


def shares_text(shares: Shares) -> str:
    """The shares as they are written: 80/10/10."""
    return "/".join(f"{100 * shares[part]:.0f}" for part in PARTS)


def parse_shares(text: str) -> Shares:
    """80/10/10 -> the shares. Raises ValueError with what is expected."""
    numbers = text.split("/")
    if len(numbers) != len(PARTS) or not all(number.strip().isdecimal() for number in numbers):
        raise ValueError(f"{text!r} is not a split; expected three integers train/validation/test, e.g. 80/10/10")
    total = sum(map(int, numbers))
    if total != 100:
        raise ValueError(f"the shares {text} add up to {total} %, expected 100 %")
    return {part: int(number) / 100 for part, number in zip(PARTS, numbers, strict=True)}
