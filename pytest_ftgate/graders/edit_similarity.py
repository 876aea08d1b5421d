"""edit_similarity: how few characters must be changed to make the reference of the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.library import needs
from pytest_ftgate.graders.limited.process import restart_clock
from pytest_ftgate.graders.references import ReferenceKind, best
from pytest_ftgate.graders.value import Grade
from pytest_ftgate.serve.response import Response


@dataclass(frozen=True, slots=True, kw_only=True)
class EditSimilarity(ReferenceKind):
    """1 - Levenshtein distance / length of the longer text, in characters, by rapidfuzz; the best of several texts.

    Example::

        [[grader]]
        kind = "edit_similarity"
        threshold = 0.8
        ignore_case = true
        # expected = "12 Baker Street", right = "12 Baker Stret", wrong = "10 Downing Street"
    """

    kind: ClassVar[str] = "edit_similarity"

    threshold: float = 0.8

    def __post_init__(self) -> None:
        ReferenceKind.__post_init__(self)
        needs("rapidfuzz", "rapidfuzz")

    def __call__(self, case: Case, response: Response) -> Grade:
        """Measure it."""
        return self.measured(_value, case, response)


def _value(answer: str, references: tuple[str, ...]) -> float:
    from rapidfuzz.distance.Levenshtein import normalized_similarity

    restart_clock()
    return best([normalized_similarity(answer, text) for text in references])
