"""Candidates tried in one promotion round -> level of the tests of the one judged now, and the words about it."""

from __future__ import annotations

from pytest_ftgate.metrics.holm import first_step

_ENDINGS = {1: "st", 2: "nd", 3: "rd"}


def level(tried: int) -> float:
    """One-sided alpha of the tests that let a candidate through. tried: in this round, itself included, 1 or more."""
    return first_step(tried)


def told(tried: int) -> str:
    """What stands in a check's reason: "; 2nd candidate of this round: alpha .025"; "" for the first."""
    return f"; {_ordinal(tried)} candidate of this round: alpha {_short(level(tried))}" if tried > 1 else ""


def _ordinal(number: int) -> str:
    teens = number % 100 in {11, 12, 13}
    return f"{number:,}{'th' if teens else _ENDINGS.get(number % 10, 'th')}"


def _short(alpha: float) -> str:
    return f"{alpha:.2g}".removeprefix("0")
