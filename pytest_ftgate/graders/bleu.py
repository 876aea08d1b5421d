"""bleu: runs of up to four words that the answer shares with a reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pytest_ftgate.files.words import is_mostly_unspaced
from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.library import needs, version_of
from pytest_ftgate.graders.limited.process import restart_clock
from pytest_ftgate.graders.options import checked_choice
from pytest_ftgate.graders.references import ReferenceKind, best
from pytest_ftgate.graders.shown import shown
from pytest_ftgate.graders.value import Grade, GraderError
from pytest_ftgate.serve.response import Response

TOKENIZERS = ("13a", "intl", "zh", "char", "none")
"""Those of sacrebleu that need no further package and no download."""
_BY_SPACES = ("13a", "intl", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bleu(ReferenceKind):
    """BLEU of the answer against the case's expected text or texts, by sacrebleu: its score of a sentence / 100.

    Exponential smoothing and effective order, as sacrebleu does for one sentence. Several expected texts are references
    of one another, as BLEU means it.
    tokenize: "13a" (as in the WMT), "intl", "zh", "char" or "none"; Chinese needs "zh", Japanese, Thai ... "char".

    Example::

        [[grader]]
        kind = "bleu"
        threshold = 0.4
        # expected = "The cat sits on the red mat.", right = "The cat sits on the mat.", wrong = "No cat."
    """

    kind: ClassVar[str] = "bleu"

    tokenize: str = "13a"

    def __post_init__(self) -> None:
        ReferenceKind.__post_init__(self)
        checked_choice("tokenize", self.tokenize, TOKENIZERS)
        needs("sacrebleu", "sacrebleu")

    @property
    def name(self) -> str:
        """With the library and its version, which decide the value."""
        return f"{self.kind}@{self.version}-sacrebleu-{version_of('sacrebleu')}"

    def check(self, case: Case) -> None:
        """Raises GraderError if the case expects no text, or one in a script without spaces that would be one token."""
        for text in self.references(case):
            if self.tokenize in _BY_SPACES and is_mostly_unspaced(text):
                raise GraderError(
                    f"`expected` is {shown(case.expected)}, in a script without spaces, which tokenize = "
                    f'"{self.tokenize}" does not divide into words; set tokenize = "zh" for Chinese, else "char"'
                )

    def __call__(self, case: Case, response: Response) -> Grade:
        """Measure it."""
        return self.measured(_value, case, response, self.tokenize)


def _value(answer: str, references: tuple[str, ...], tokenize: str) -> float:
    from sacrebleu import sentence_bleu

    restart_clock()
    return best([sentence_bleu(answer, list(references), tokenize=tokenize).score / 100])
