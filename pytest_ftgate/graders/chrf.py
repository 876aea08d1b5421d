"""chrf: runs of characters that the answer shares with a reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.library import needs, version_of
from pytest_ftgate.graders.limited.process import restart_clock
from pytest_ftgate.graders.references import ReferenceKind, best
from pytest_ftgate.graders.value import Grade, GraderError
from pytest_ftgate.serve.response import Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Chrf(ReferenceKind):
    """chrF2 of the answer against the case's expected text (or the best of several), by sacrebleu: its score / 100.

    Better than BLEU for short texts, and for languages with many word forms or without spaces.
    word_order: also runs of so many words, 0 to 4; 2 is chrF++.

    Example::

        [[grader]]
        kind = "chrf"
        threshold = 0.6
        # expected = "Der Zug ist verspätet.", right = "Der Zug war verspätet.", wrong = "Ich weiß es nicht."
    """

    kind: ClassVar[str] = "chrf"

    word_order: int = 0

    def __post_init__(self) -> None:
        ReferenceKind.__post_init__(self)
        if not 0 <= self.word_order <= 4:
            raise GraderError(f"word_order is {self.word_order}; must be 0 to 4")
        needs("sacrebleu", "sacrebleu")

    @property
    def name(self) -> str:
        """With the library and its version, which decide the value."""
        return f"{self.kind}@{self.version}-sacrebleu-{version_of('sacrebleu')}"

    def __call__(self, case: Case, response: Response) -> Grade:
        """Measure it."""
        return self.measured(_value, case, response, self.word_order)


def _value(answer: str, references: tuple[str, ...], word_order: int) -> float:
    from sacrebleu import sentence_chrf

    restart_clock()
    return best([sentence_chrf(answer, list(references), word_order=word_order).score / 100])
