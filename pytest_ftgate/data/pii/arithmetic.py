"""(text, place of a number) -> whether it is an operand or a result, and so nobody's card or telephone."""

from __future__ import annotations

import re

_BEFORE = re.compile(
    r"(?:[\d)]\s*[+*×÷^]\s*|[\d)]\s+[-/=]\s+|\b(?:plus|minus|times)\s+|\d\s+(?:from|by)\s+"
    r"|\b(?:add|subtract|multiply|divide|sum\s+of|difference\s+of|product\s+of|between)\s+(?:-?\d[\d.,]*\s+(?:and|to|with)\s+)?)$",
    re.I | re.A,
)
_AFTER = re.compile(
    r"\s*[+*×÷^]\s*[\d(]|\s+[-/=]\s+[\d?(]|\s+=\s*$|\s+(?:plus|minus|times|(?:divided|multiplied)\s+by|mod)\s+\d",
    re.I | re.A,
)
_NEAR = 60
"""Characters before and after it that are looked at."""


def is_operand(text: str, begin: int, end: int) -> bool:
    """Whether a sign or a word of arithmetic joins it to another number. text: folded."""
    return bool(_BEFORE.search(text[max(0, begin - _NEAR) : begin]) or _AFTER.match(text[end : end + _NEAR]))
