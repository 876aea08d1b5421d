"""set_f1: which of the expected items the answer lists, in any order."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.answer import NoJsonError, json_of
from pytest_ftgate.graders.shown import shown
from pytest_ftgate.graders.text import TextKind
from pytest_ftgate.graders.value import Grade, GraderError
from pytest_ftgate.serve.response import Response

_BULLET = re.compile(r"^\s*(?:(?:[-*+\u2022\u30fb]|\d{1,4}[.)])\s+|\d{1,4}[\uff0e\uff09]\s*)")
_CHINESE_NUMBER = re.compile(r"^\s*\d{1,4}\u3001\s*(?=[^\s\d])", re.MULTILINE)
"""A bullet whose mark is also a separator."""
_SEPARATOR = re.compile(r"[,;\u060c\u061b\u1363\u3001\uff0c\uff1b\n]")
"""Commas, semicolons and line ends: of ASCII, Arabic, Ethiopic, Chinese and Japanese."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetF1(TextKind):
    """F1 of two sets of items, in any order: what the answer lists, and what the case expects.

    Both are a JSON list of texts and numbers (bare, or in a fenced block), or items between commas, semicolons or line
    ends, with or without bullets. The texts are normalised by the options, and one that occurs twice counts once. An
    empty set is written as an empty list, and is only like another one.

    Example::

        [[grader]]
        kind = "set_f1"
        threshold = 0.6
        ignore_case = true
        # expected = ["red", "green"], right = "Green, red and more, red", wrong = '["blue"]'
    """

    kind: ClassVar[str] = "set_f1"

    def check(self, case: Case) -> None:
        """Raises GraderError if the case expects neither a list nor a text with items."""
        self._expected(case)

    def _expected(self, case: Case) -> frozenset[str]:
        value = case.expected
        if value is None:
            raise GraderError("the case has no `expected` value")
        if isinstance(value, str) and (items := self._listed(value)):
            return items
        if not isinstance(value, list | tuple) or not all(map(_is_item, value)):
            raise GraderError(f"`expected` is {shown(value)}; must be a list of texts or numbers, or a text")
        return self._set(value)

    def __call__(self, case: Case, response: Response) -> Grade:
        """Compare the sets."""
        expected, found = self._expected(case), self._listed(response.text)
        if found == expected:
            return self.right(f"found all {len(expected)} items: {shown(sorted(found))}")
        value = 2 * len(found & expected) / (len(found) + len(expected))
        lacking, beyond = sorted(expected - found), sorted(found - expected)
        told = [f"not found {shown(lacking)}"] * bool(lacking) + [f"not expected {shown(beyond)}"] * bool(beyond)
        return self.grade(value, f"set_f1 is {value:.4f}, required {self.threshold:g}; {'; '.join(told)}")

    def _listed(self, text: str) -> frozenset[str]:
        try:
            value = json_of(text)
        except NoJsonError:
            value = None
        if isinstance(value, list) and all(map(_is_item, value)):
            return self._set(value)
        return self._set(_BULLET.sub("", part) for part in _SEPARATOR.split(_CHINESE_NUMBER.sub("", text)))

    def _set(self, items: Iterable[object]) -> frozenset[str]:
        texts = (item if isinstance(item, str) else _written(item) for item in items)
        return frozenset(normal for text in texts if (normal := self.normal(text)))


def _is_item(value: object) -> bool:
    return isinstance(value, str | int | float)


def _written(item: object) -> str:
    """A number or a boolean as JSON; 2.0 is 2."""
    whole = isinstance(item, float) and item.is_integer()
    return json.dumps(int(item) if whole else item)  # type: ignore[call-overload]
