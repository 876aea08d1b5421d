"""token_f1: words that the answer shares with a reference, as SQuAD counts them."""

from __future__ import annotations

import re
import string
from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.references import best, likeness, references_of
from pytest_ftgate.graders.shown import shown
from pytest_ftgate.graders.value import Grade, GraderError, Kind
from pytest_ftgate.serve.response import Response

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenF1(Kind):
    """F1 of the words of the answer and of the case's expected text (or the best of several), as often as they occur.

    The normalisation is that of SQuAD (Rajpurkar et al. 2016, https://arxiv.org/abs/1606.05250): lower case, no ASCII
    punctuation, no English articles (a, an, the), words between white space.

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
    return Counter(_ARTICLES.sub(" ", text.lower().translate(_NO_PUNCTUATION)).split())


def _f1(found: Counter[str], expected: Counter[str]) -> float:
    common = (found & expected).total()
    return 2 * common / (found.total() + expected.total())
