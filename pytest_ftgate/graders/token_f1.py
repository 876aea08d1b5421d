"""token_f1: words that the answer shares with a reference, as SQuAD counts them."""

from __future__ import annotations

import re
import string
import sys
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from pytest_ftgate.files.words import spaced
from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.references import best, likeness, references_of
from pytest_ftgate.graders.shown import shown
from pytest_ftgate.graders.value import Grade, GraderError, Kind
from pytest_ftgate.serve.response import Response

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenF1(Kind):
    """F1 of the words of the answer and of the case's expected text (or the best of several), as often as they occur.

    The normalisation is that of SQuAD (Rajpurkar et al. 2016, https://arxiv.org/abs/1606.05250): lower case, no
    punctuation, no English articles (a, an, the), words between white space. As MLQA does it for other languages (Lewis
    et al. 2019, https://arxiv.org/abs/1910.07475), punctuation of every script is taken out, and in scripts without
    spaces (Chinese, Thai) each character is a word.

    Example::

        [[grader]]
        kind = "token_f1"
        threshold = 0.6
        # expected = "the Eiffel Tower", right = "Eiffel Tower, Paris", wrong = "The Louvre"
    """

    kind: ClassVar[str] = "token_f1"

    threshold: float = 0.5

    def check(self, case: Case) -> None:
        """Raises GraderError if the case expects no text, or one without a word."""
        self._references(case)

    def _references(self, case: Case) -> list[Counter[str]]:
        counts = [_words(text) for text in references_of(case)]
        if not all(counts):
            raise GraderError(f"`expected` is {shown(case.expected)}; no word is left of it once normalised")
        return counts

    def __call__(self, case: Case, response: Response) -> Grade:
        """Count the words."""
        found = _words(response.text)
        value = best([_f1(found, expected) for expected in self._references(case)])
        return likeness(self, self.kind, value, case, response)


def _words(text: str) -> Counter[str]:
    plain = spaced(text.lower().translate(_no_punctuation(text.isascii())))
    return Counter(_ARTICLES.sub(" ", plain).split())


@lru_cache
def _no_punctuation(is_ascii: bool) -> Mapping[int, None]:
    """Every character of the categories P*, and the signs of ASCII that SQuAD leaves out with them."""
    codes = range(128 if is_ascii else sys.maxunicode + 1)
    marks = (code for code in codes if unicodedata.category(chr(code)).startswith("P"))
    return dict.fromkeys([*map(ord, string.punctuation), *marks])


def _f1(found: Counter[str], expected: Counter[str]) -> float:
    common = (found & expected).total()
    return 2 * common / (found.total() + expected.total())
