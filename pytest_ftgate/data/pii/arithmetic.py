"""(text, place of a number) -> whether it is an operand or a result, and so nobody's card or telephone."""

from __future__ import annotations

import re

_VERB = r"\b(?:add|subtract|multiply|divide|(?:sum|difference|product|quotient)\s+of)\s+"
_JOINED = r"\s+(?:and|to|from|by|with|plus|minus|times)\s+"
_BEFORE = re.compile(
    rf"(?:[\d)]\s*[+*×÷^]\s*|[\w)]\s*[+*×÷^]\s*[\w(]{{1,20}}\s*=\s*|[\d)]\s+[-/=]\s+|\d\s+(?:plus|minus|times)\s+|{_VERB}-?\d[\d.,]*{_JOINED})$",
    re.I | re.A,
)
_AFTER = re.compile(
    r"\s*[+*×÷^]\s*[\d(]|\s+[-/=]\s+[\d?(]|\s+=\s*$|\s+(?:plus|minus|times|(?:divided|multiplied)\s+by|mod)\s+\d",
    re.I | re.A,
)
_ORDER_BEFORE, _ORDER_AFTER = re.compile(rf"{_VERB}$", re.I | re.A), re.compile(rf"{_JOINED}-?\d", re.I | re.A)
"""Both together: add ... and 5."""
_NEAR = 60
"""Characters before and after it that are looked at."""


def is_operand(text: str, begin: int, end: int) -> bool:
    """Whether a sign or a word of arithmetic joins it to another number. text: in ASCII forms."""
    before, after = text[max(0, begin - _NEAR) : begin], text[end : end + _NEAR]
    ordered = _ORDER_BEFORE.search(before) and _ORDER_AFTER.match(after)
    return bool(ordered or _BEFORE.search(before) or _AFTER.match(after))
