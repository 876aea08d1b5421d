"""Text -> its words, in every script, by Unicode.

A script with spaces: a run of letters, marks and digits, with the apostrophes, geresh and joiners inside it, is a word.
A script without (Han, kana, Thai, Khmer, Tibetan ...): each cluster, a letter with the marks on it, is one, as the
default boundaries of Unicode's Annex 29 and word processors have it. That finds and compares words without a
dictionary; for how long a text is, `word_count` counts clusters as the words that they make up.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING

from pytest_ftgate.files.folding import folded

if TYPE_CHECKING:
    from regex import Pattern

_HAN = r"\p{Han}"
_OTHERS = (
    r"\p{Hiragana}\p{Katakana}\u30fc\uff70\p{Bopomofo}\p{Yi}\p{Tangut}\p{Nushu}\p{Tibetan}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
    r"\p{Tai_Le}\p{New_Tai_Lue}\p{Tai_Tham}\p{Tai_Viet}\p{Balinese}\p{Javanese}"
)
_UNSPACED = rf"[[{_HAN}{_OTHERS}]&&[\p{{L}}\p{{M}}\p{{Nl}}\p{{No}}]]"
"""A letter or a mark of a script without spaces; for `regex.VERSION1`."""
_CLUSTER = rf"(?={_UNSPACED})\X"
_NO_CLUSTER = r"(?:\u17d2\p{L}|[\p{M}\u0e33\u0eb3])+"
"""What begins none: marks, letters of Khmer joined to the one before, the vowel am (Thai, Lao)."""
_INNER = r"[\p{Cf}--\u200b]"
"""Joiners and other invisible characters, of which only the zero-width space ends a word."""
_RUN = rf"[[\p{{L}}\p{{M}}\p{{N}}]--{_UNSPACED}](?:[[\p{{L}}\p{{M}}\p{{N}}]--{_UNSPACED}]|{_INNER})*+"
_TOKEN = rf"{_CLUSTER}|{_RUN}"
_HEBREW = r"\p{Hebrew}[\p{M}]*"
_LONG_RUN = rf"{_RUN}(?:(?:['\u2019\u05f3]|(?<={_HEBREW})[\"\u05f4](?={_HEBREW})){_RUN})*"
_WORD = rf"{_CLUSTER}|{_LONG_RUN}"
_OR_SIGN = rf"{_CLUSTER}|(?:{_RUN}|_)++|[^\s\x1c-\x1f\p{{L}}\p{{M}}\p{{N}}\p{{Cf}}_]"
_GOING_ON = rf"[[\p{{L}}\p{{M}}\p{{N}}_]--{_UNSPACED}]"
CLUSTERS_OF_HAN = 2
CLUSTERS_OF_OTHERS = 3
"""Clusters a word, rounded: in Django's and Wagtail's translations, of 39 to 663 sentences a language, an English word
is 1.6 clusters of Chinese, 2.8 of Japanese, 3.2 of Khmer, 3.5 of Burmese and 3.7 of Thai."""


def words(text: str) -> list[str]:
    """Words as people count them: "can't" is one."""
    return _compiled(_WORD).findall(text)


def tokens(text: str) -> list[str]:
    """Words as ROUGE compares them: in lower case, without invisible characters, and "can't" is "can" and "t"."""
    lower = text.lower()
    return _compiled(_TOKEN).findall(lower if lower.isascii() else _compiled(_INNER).sub("", lower))


def words_and_signs(text: str) -> list[str]:
    """Words, with the underscores in them, and each other visible sign: what a classifier of texts looks at."""
    return _compiled(_OR_SIGN).findall(text)


def terms(text: str) -> list[str]:
    """What a text is about, to be counted and shown: `tokens`, folded, and of neighbouring clusters each pair.

    Pairs of characters are what search engines index of scripts without spaces: near to words, without a dictionary.
    """
    found = []
    for part in _compiled(rf"(?:{_CLUSTER})++|{_RUN}").findall(_compiled(_INNER).sub("", folded(text))):
        clusters = _compiled(_CLUSTER).findall(part)
        found += [one + other for one, other in pairwise(clusters)] if len(clusters) > 1 else [part]
    return found


def pieces(text: str) -> list[str]:
    """The text cut at white space, which is left out; or, in a script without spaces, at every cluster, all of it."""
    if not is_mostly_unspaced(text):
        return text.split()
    return _compiled(rf"{_CLUSTER}|(?:(?!{_CLUSTER}).)+").findall(text)


def word_count(text: str) -> int:
    """How long a text is, in words, so that one limit holds for all scripts; 0 only for white space.

    What stands between white space is a word (emoji and signs too); but two clusters of Han, or three of another script
    without spaces, rounded up.
    """
    if text.isascii() or not _compiled(_UNSPACED).search(text):
        return len(text.split())
    bare = _compiled(_NO_CLUSTER).sub("", text)
    without_han, runs = _compiled(rf"[{_HAN}&&{_UNSPACED}]+").subn(" ", bare)
    rest, more_runs = _compiled(rf"{_UNSPACED}+").subn(" ", without_han)
    han, others = len(bare) - len(without_han) + runs, len(without_han) - len(rest) + more_runs
    return max(1, len(_compiled(_LONG_RUN).findall(rest)) + ceil(han / CLUSTERS_OF_HAN + others / CLUSTERS_OF_OTHERS))


def spaced(text: str) -> str:
    """The text with white space around each cluster of a script without spaces, so that `split` gives its words."""
    return text if text.isascii() else _compiled(_CLUSTER).sub(r" \g<0> ", text)


def is_unspaced(char: str) -> bool:
    """Whether a character, a letter or a mark, is of a script without spaces."""
    return not char.isascii() and _compiled(_UNSPACED).match(char) is not None


def is_mostly_unspaced(text: str) -> bool:
    """Whether more than half of its words are clusters of scripts without spaces."""
    return not text.isascii() and 2 * len(_compiled(_CLUSTER).findall(text)) > len(words(text))


def is_whole_in(text: str, other: str) -> bool:
    """Whether the text occurs in the other one with no word going on before or after it.

    A cluster of a script without spaces ends a word: SSL is whole in a Chinese sentence. A letter without its marks is
    no whole one.
    """
    before = "" if _compiled(_CLUSTER).match(text) else rf"(?<!{_GOING_ON}{_INNER}*)"
    after = r"(?!\p{M})" if _compiled(_UNSPACED).search(text[-1:]) else rf"(?!{_INNER}*{_GOING_ON}|\p{{M}})"
    import regex

    return regex.search(before + regex.escape(text, literal_spaces=True) + after, other, regex.VERSION1) is not None


@lru_cache
def _compiled(pattern: str) -> Pattern[str]:
    import regex

    return regex.compile(pattern, regex.VERSION1 | regex.DOTALL)
