"""Text -> the text without what two writers of it may write differently, in every script."""

from __future__ import annotations

import re
import unicodedata

_INVISIBLE = "\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff"
_POINTS = "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
_HARAKAT = "\u0610-\u061a\u0640\u064b-\u0652\u0656-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed"
_LEFT_OUT = re.compile(f"[{_INVISIBLE}{_POINTS}{_HARAKAT}]+")
_DIGIT = re.compile(r"[^\D0-9]")
_DOTTED = re.compile("i\u0307+")
_AM = re.compile("\u0e4d\u0e32|\u0ecd\u0eb2")
"""The vowel am of Thai and Lao, which NFKC takes apart and which is one sign on the keyboard."""
_POWERS = str.maketrans({char: f"^{number}" for number, char in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")})


def folded(text: str) -> str:
    """NFKC and case folded, with digits of all scripts as 0 to 9, and without marks that most writers leave out.

    Case: Unicode's default folding, which knows no language; capital dotted İ is i, and dotless ı a letter of its own.
    Marks: Hebrew points and accents, Arabic vowel signs (harakat), signs of recitation and tatweel are left out. All
    others stay: vowel signs of Indic scripts, Thai or Khmer, tones of Vietnamese and accents of Latin letters make
    another word. Superscript digits are powers: 5² is 5^2, not 52. Invisible characters are left out.
    """
    if text.isascii():
        return text.lower()
    plain = _LEFT_OUT.sub("", unicodedata.normalize("NFKC", text.translate(_POWERS)))
    return _AM.sub(_as_typed, unicodedata.normalize("NFKC", western_digits(caseless(plain))))


def _as_typed(found: re.Match[str]) -> str:
    return "\u0e33" if found.group() == "\u0e4d\u0e32" else "\u0eb3"


def caseless(text: str) -> str:
    """Case folded as Unicode does it by default, but İ is i, as it is in lower case where it is written."""
    return _DOTTED.sub("i", text.casefold())


def western_digits(text: str) -> str:
    """With each decimal digit, of whatever script, as one of 0 to 9; superscripts and circled digits are none."""
    return text if text.isascii() else _DIGIT.sub(lambda found: str(unicodedata.decimal(found.group())), text)
