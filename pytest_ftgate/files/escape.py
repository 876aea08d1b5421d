"""Text that anybody may have written -> the text with nothing in it that a terminal obeys or a reader cannot see."""

from __future__ import annotations

import unicodedata

_STEERING = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_JOINERS = "\u200d\u200c"
"""Parts of emoji and of Persian and Indic words."""


def visible(text: str) -> str:
    r"""The text with escape sequences, direction marks and zero-width characters written as \x1b, \u202e ..."""
    if text.isprintable():
        return text
    return "".join(each if _harmless(each) else each.encode("unicode_escape").decode("ascii") for each in text)


def _harmless(each: str) -> bool:
    return each in "\n\t" or each in _JOINERS or unicodedata.category(each) not in _STEERING
