"""Text -> the form in which two texts are compared."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, cast

from pytest_ftgate.files.folding import caseless
from pytest_ftgate.files.words import is_whole_in
from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.value import GraderError, Kind

FORMS = ("NFC", "NFD", "NFKC", "NFKD", "none")
_Form = Literal["NFC", "NFD", "NFKC", "NFKD"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TextKind(Kind):
    """Base of the graders that compare texts.

    strip: white space around the text does not count.
    ignore_case: upper and lower case are the same, by Unicode's case folding; İ is i.
    collapse_space: a run of white space counts as one space.
    ignore_punctuation: characters of the categories P* are taken out (a minus sign too).
    unicode_form: "NFC" (as it looks), "NFKC" (also full-width letters, ligatures), "NFD", "NFKD" or "none".
    """

    strip: bool = True
    ignore_case: bool = False
    collapse_space: bool = False
    ignore_punctuation: bool = False
    unicode_form: str = "NFC"

    def __post_init__(self) -> None:
        Kind.__post_init__(self)
        if self.unicode_form not in FORMS:
            raise GraderError(f"unicode_form is {self.unicode_form!r}; must be one of {', '.join(FORMS)}")

    def normal(self, text: str) -> str:
        """The text as it is compared."""
        if self.unicode_form != "none" and not text.isascii():
            text = unicodedata.normalize(cast("_Form", self.unicode_form), text)
        if self.ignore_case:
            text = self._folded(text)
        if self.ignore_punctuation:
            text = "".join(char for char in text if not _is_punctuation(char))
        if self.collapse_space:
            text = " ".join(text.split())
        return text.strip() if self.strip else text

    def _folded(self, text: str) -> str:
        """Case folding may undo the normal form, so it is made again."""
        folded = caseless(text)
        if self.unicode_form == "none" or folded.isascii():
            return folded
        return unicodedata.normalize(cast("_Form", self.unicode_form), folded)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextsKind(TextKind):
    """Base of the graders that look for texts in the answer.

    values: the texts to look for; left out, the case's expected value, a text or a list of texts.
    whole_word: a text counts only where no word goes on before or after it ("no" is not found in "know"); in scripts
        without spaces each character is a word.
    """

    values: tuple[str, ...] = ()
    whole_word: bool = False

    def texts(self, case: Case) -> tuple[str, ...]:
        """The texts to look for, as written. Raises GraderError: none, or one that is in every answer."""
        texts = self.values or _texts_of(case.expected)
        if empty := [text for text in texts if not self.normal(text)]:
            raise GraderError(f"the text {empty[0]!r} is empty after normalisation and would match every answer")
        return texts

    def check(self, case: Case) -> None:
        """Raises GraderError if there is no text to look for."""
        self.texts(case)

    def found(self, case: Case, answer: str) -> Mapping[str, bool]:
        """Whether each of the texts stands in the answer."""
        normal = self.normal(answer)
        stands = is_whole_in if self.whole_word else _stands
        return {text: stands(self.normal(text), normal) for text in self.texts(case)}


def _stands(text: str, answer: str) -> bool:
    return text in answer


def _texts_of(expected: object) -> tuple[str, ...]:
    if isinstance(expected, str):
        return (expected,)
    if isinstance(expected, list | tuple) and expected and all(isinstance(text, str) for text in expected):
        return tuple(expected)
    raise GraderError("nothing to search for: `expected` must be a string or a list of strings, or set `values`")


@lru_cache(maxsize=4096)
def _is_punctuation(char: str) -> bool:
    return unicodedata.category(char).startswith("P")
