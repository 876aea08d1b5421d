r"""Text -> the same text, as long as it was, with the digits, wide letters, hyphens and spaces of all scripts in ASCII.

Patterns that mean ASCII find what is written in other forms, and end where a letter of another script stands beside it;
what they find has the same place in the text itself. Escaped line ends and tabs, as in JSON and code, are spaces: the n
of \n begins no word.
"""

from __future__ import annotations

import re
import unicodedata

_HYPHENS = frozenset("\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d")
_WIDE = range(0xFF01, 0xFF5F)
_TO_ASCII = 0xFEE0
_ESCAPED = re.compile(r"\\[nrt]")


class _Forms(dict[int, str]):
    """Each character is looked up once."""

    def __missing__(self, code: int) -> str:
        self[code] = form = _form(chr(code))
        return form


def _form(char: str) -> str:
    digit = unicodedata.decimal(char, None)
    if digit is not None:
        return str(digit)
    if char in _HYPHENS:
        return "-"
    if unicodedata.category(char) == "Zs":
        return " "
    return chr(ord(char) - _TO_ASCII) if ord(char) in _WIDE else char


_FORMS = _Forms()


def in_ascii_forms(text: str) -> str:
    """The text in them; all other characters stay."""
    plain = text if text.isascii() else text.translate(_FORMS)
    return _ESCAPED.sub("  ", plain) if "\\" in plain else plain
