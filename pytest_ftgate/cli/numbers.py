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


def seconds(text: str) -> float:
    """Text -> seconds, less than a day."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 86_400:
        raise argparse.ArgumentTypeError(f"{_short(text)} is not a number of seconds from 0 to 86399")
    return value


def share(text: str) -> float:
    """Text -> share of a score, in (0, 1)."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{_short(text)} is not a share above 0 and below 1 (3 points = 0.03)")
    return value


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:37]}...")
