"""rouge: words, pairs of words, or the longest common sequence that the answer shares with a reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pytest_ftgate.files.words import tokens
from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.library import needs, version_of
from pytest_ftgate.graders.limited.process import restart_clock
from pytest_ftgate.graders.options import checked_choice
from pytest_ftgate.graders.references import ReferenceKind, best
from pytest_ftgate.graders.shown import shown
from pytest_ftgate.graders.value import Grade, GraderError
from pytest_ftgate.serve.response import Response

VARIANTS = ("rouge1", "rouge2", "rougeL")
MEASURES = {"f1": "fmeasure", "precision": "precision", "recall": "recall"}
MOST_CELLS = 20_000_000
"""Words of the answer times words of the reference: the library keeps a table of so many numbers for rougeL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rouge(ReferenceKind):
    """ROUGE of the answer against the case's expected text (or the best of several texts), by rouge-score.

    Words are found by Unicode, in lower case and without stemming; for text in ASCII these are rouge-score's own.
    variant: "rouge1" (words), "rouge2" (pairs of words) or "rougeL" (longest common sequence of words).
    measure: "f1", "precision" or "recall".

    Example::

        [[grader]]
        kind = "rouge"
        variant = "rougeL"
        threshold = 0.6
        # expected = "The refund takes five days.", right = "A refund takes five days.", wrong = "Call us."
    """

    kind: ClassVar[str] = "rouge"

    variant: str = "rougeL"
    measure: str = "f1"

    def __post_init__(self) -> None:
        ReferenceKind.__post_init__(self)
        checked_choice("variant", self.variant, VARIANTS)
        checked_choice("measure", self.measure, MEASURES)
        needs("rouge-score", "rouge_score")

    @property
    def name(self) -> str:
        """With the library and its version, which decide the value."""
        return f"{self.kind}@{self.version}-rouge-score-{version_of('rouge-score')}"

    @property
    def measure_name(self) -> str:
        """Such as "rougeL", "rouge1 recall"."""
        return self.variant if self.measure == "f1" else f"{self.variant} {self.measure}"

    def check(self, case: Case) -> None:
        """Raises GraderError if the case expects no text, or one with too few words."""
        least = 2 if self.variant == "rouge2" else 1
        if any(len(tokens(text)) < least for text in self.references(case)):
            raise GraderError(f"`expected` is {shown(case.expected)}; {self.variant} needs {least} or more words")

    def __call__(self, case: Case, response: Response) -> Grade:
        """Measure it."""
        return self.measured(_value, case, response, self.variant, MEASURES[self.measure])


def _value(answer: str, references: tuple[str, ...], variant: str, measure: str) -> float:
    from rouge_score.rouge_scorer import RougeScorer
    from rouge_score.tokenizers import Tokenizer

    class Words(Tokenizer):  # type: ignore[misc]
        def tokenize(self, text: str) -> list[str]:
            return tokens(text)

    restart_clock()
    if variant == "rougeL":
        _check_size(answer, references)
    scorer = RougeScorer([variant], tokenizer=Words())
    return best([getattr(scorer.score(text, answer)[variant], measure) for text in references])


def _check_size(answer: str, references: tuple[str, ...]) -> None:
    found, expected = len(tokens(answer)), max(len(tokens(text)) for text in references)
    if found * expected > MOST_CELLS:
        raise GraderError(f"too long for rougeL: {found:,} words, compared with {expected:,}; use rouge1 or rouge2")
