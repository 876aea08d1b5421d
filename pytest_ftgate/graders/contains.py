"""contains, contains_all, not_contains, starts_with: texts that stand in the answer, or must not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.shown import shown
from pytest_ftgate.graders.text import TextsKind
from pytest_ftgate.graders.value import Grade
from pytest_ftgate.serve.response import Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Contains(TextsKind):
    """1 if the answer holds at least one of the texts, else 0.

    Example::

        [[grader]]
        kind = "contains"
        values = ["refund", "money back"]
        ignore_case = true
        # right = "You get your money back.", wrong = "No."
    """

    kind: ClassVar[str] = "contains"

    def __call__(self, case: Case, response: Response) -> Grade:
        """Look for each of the texts."""
        found = self.found(case, response.text)
        if there := _where(found, True):
            return self.right(f"found {shown(there[0])}")
        return self.wrong(f"found {shown(response.text)}, expected it to contain {_any_of(_where(found, False))}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainsAll(TextsKind):
    """The share of the texts that the answer holds.

    Example::

        [[grader]]
        kind = "contains_all"
        threshold = 0.5
        # expected = ["order", "refund"], right = "Your order has shipped.", wrong = "Hello."
    """

    kind: ClassVar[str] = "contains_all"

    def __call__(self, case: Case, response: Response) -> Grade:
        """Look for each of the texts."""
        found = self.found(case, response.text)
        lacking = _where(found, False)
        if not lacking:
            return self.right(f"found all {len(found)} texts: {shown(list(found))}")
        counts = f"{len(found) - len(lacking)} of {len(found)} texts"
        reason = f"found {shown(response.text)}, with {counts}; not {shown(lacking)}"
        return self.grade(1 - len(lacking) / len(found), reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotContains(TextsKind):
    """1 if the answer holds none of the texts, else 0.

    Example::

        [[grader]]
        kind = "not_contains"
        values = ["no"]
        whole_word = true
        # right = "I know.", wrong = "Oh no!"
    """

    kind: ClassVar[str] = "not_contains"

    def __call__(self, case: Case, response: Response) -> Grade:
        """Look for each of the texts."""
        found = self.found(case, response.text)
        if there := _where(found, True):
            return self.wrong(f"found {shown(response.text)}, expected it not to contain {_any_of(there)}")
        return self.right(f"found none of {shown(list(found))}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StartsWith(TextsKind):
    """1 if the answer begins with one of the texts, else 0.

    Example::

        [[grader]]
        kind = "starts_with"
        values = ["Yes", "No"]
        whole_word = true
        # right = "No, it does not.", wrong = "Nothing is known."
    """

    kind: ClassVar[str] = "starts_with"

    def __call__(self, case: Case, response: Response) -> Grade:
        """Look for each of the texts at the beginning."""
        answer, texts = self.normal(response.text), self.texts(case)
        for text in texts:
            begins = self.normal(text)
            if answer.startswith(begins) and not (self.whole_word and re.match(r"\w", answer[len(begins) :])):
                return self.right(f"found {shown(text)} at the beginning")
        return self.wrong(f"found {shown(response.text)}, expected it to begin with {_any_of(list(texts))}")


def _where(found: Mapping[str, bool], there: bool) -> list[str]:
    return [text for text, is_there in found.items() if is_there is there]


def _any_of(texts: list[str]) -> str:
    return shown(texts[0]) if len(texts) == 1 else f"any of {shown(texts)}"
