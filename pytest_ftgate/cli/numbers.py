"""Bounds -> type of an argparse option that is a number within them."""

from __future__ import annotations

import argparse
from collections.abc import Callable

MOST = 1_000_000_000
"""Of whatever is counted, and of dollars."""


def whole(least: int, most: int = MOST) -> Callable[[str], int]:
    """Text -> whole number from least to most."""

    def number(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{_short(text)} is not a whole number from {least:,} to {most:,}")
        return value

    return number


def real(least: float, most: float = MOST) -> Callable[[str], float]:
    """Text -> number from least to most; neither infinite nor NaN."""

    def number(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = least - 1
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{_short(text)} is not a number from {least:g} to {most:,g}")
        return value

    return number


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:37]}...")
