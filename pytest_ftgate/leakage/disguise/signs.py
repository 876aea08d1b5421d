"""Rows -> those that look as if they were disguised; only these are worth the time to undo it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from pytest_ftgate.data.near.normalized import Plain
from pytest_ftgate.data.near.rolling_hash import joined

SPACED, SPACED_IN = 8, 20
"""So many words in so many characters, their spaces among them: letters or halves of words."""
LONG_WORD = 20
"""Characters of a word from which on it may be several, or an encoding."""
LEET = 3
"""Digits between two letters, in a row."""
FOREIGN = 0.04, 0.6
"""Share of a text in Latin letters that is not ASCII; below it are accents as in French, above it are other scripts."""

_MARKS = (
    ("&", re.compile(r"&(?:amp;(?:#|\w{2,8};)|lt;[!/?a-zA-Z]|#0*(?:38|60);|#[xX]0*(?:26|3[cC]);)")),
    ("<", re.compile(r"<[!/?a-zA-Z]")),
    ("[/", re.compile(r"\[/[a-zA-Z]{1,8}\]")),
    ("%", re.compile(r"%[0-9a-fA-F]{2}")),
    ("\\", re.compile(r"\\[uUxnrtfv0-3]")),
    ("*", re.compile(r"[a-zA-Z]\*{1,3}[a-zA-Z]")),
)
_LATIN = "a-zA-Z\u00c0-\u024f\u1e00-\u1eff"
_OTHER = "\u0370-\u058f\u1d00-\u1d7f\ua730-\ua7ff"
_WITH_SPACES = r"[^\W\u0e00-\u10ff\u1780-\u17ff\u2e80-\uffff]"
"""A letter of a script that is written with spaces."""
_MIXED = re.compile(
    "|".join(
        (
            f"[{_LATIN}][{_OTHER}]|[{_OTHER}][{_LATIN}]",
            "[\u0300-\u036f\u0483-\u0489\u20d0-\u20ff\U000e0020-\U000e007e]",  # marks, tag characters
            "[a-zA-Z][\ufe00-\ufe0f]",
            "[\u0250-\u02af\u1d00-\u1d7f]{2}|[\U0001f100-\U0001f1ff]",  # phonetic, small, squared letters
            f"(?:(?<= ){_WITH_SPACES} ){{{SPACED}}}|{_WITH_SPACES}{{{LONG_WORD + 1}}}",
        )
    )
)
_LETTER, _DIGIT, _SPACE = 1, 2, 32
_KIND = np.array([chr(code).isalpha() + _DIGIT * chr(code).isdigit() for code in range(128)] + [0] * 128, np.uint8)


def suspicious(rows: Sequence[Plain]) -> list[int]:
    """Places of the rows that look disguised, in order."""
    ascii_rows = [place for place, row in enumerate(rows) if row.whole.isascii()]
    found = {ascii_rows[each] for each in _odd_words([rows[place].whole for place in ascii_rows])}
    found.update(place for place, row in enumerate(rows) if place not in found and _marked(row))
    return sorted(found)


def _marked(row: Plain) -> bool:
    for char, mark in _MARKS:
        if char in row.raw and mark.search(row.raw):
            return True
    if row.raw.isascii():
        return False
    foreign = 1 - len(row.raw.encode("ascii", "ignore")) / len(row.raw)
    return FOREIGN[0] <= foreign <= FOREIGN[1] or bool(_MIXED.search(row.raw) or _MIXED.search(row.whole))


def _odd_words(texts: Sequence[str]) -> Iterator[int]:
    """Places of the texts with many very short words on end, a very long one, or digits among letters."""
    together, ends = joined(texts)
    letters = np.frombuffer(together + b" ", np.uint8)
    gaps = np.concatenate(([-1], np.flatnonzero(letters == _SPACE)))
    long = gaps[:-1][np.diff(gaps) > LONG_WORD]
    short = gaps[:-SPACED][gaps[SPACED:] - gaps[:-SPACED] <= SPACED_IN]
    odd = np.concatenate((long, short)) + 1
    numbers = np.searchsorted(ends, odd, side="right")
    digits = np.bincount(np.searchsorted(ends, _leet(letters), side="right"), minlength=len(texts))
    yield from (int(number) for number in np.union1d(numbers, np.flatnonzero(digits >= LEET)) if number < len(texts))


def _leet(letters: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    kind = _KIND[letters]
    return np.flatnonzero((kind[1:-1] == _DIGIT) & (kind[:-2] == _LETTER) & (kind[2:] == _LETTER))
