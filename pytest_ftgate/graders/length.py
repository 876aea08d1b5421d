"""length: how long the answer is, in characters, words, sentences or tokens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

from pytest_ftgate.files.words import words
from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.shown import shown
from pytest_ftgate.graders.value import Grade, GraderError, Kind
from pytest_ftgate.serve.response import Response

if TYPE_CHECKING:
    from regex import Pattern

UNITS = ("characters", "words", "sentences", "tokens")
_SENTENCE_ENDS = r"(?<![.!?\u2026])[.!?\u2026]++[\"'\u201d\u2019)\]]*+(?=\s|$)|[\p{Sentence_Terminal}--[.!?]]+|\n\s*\n"
"""Of other scripts the marks need no white space after them: Chinese, Arabic, Hindi, Khmer, Amharic ..."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Length(Kind):
    """1 if the answer, without white space around it, is neither shorter nor longer than the limits, else 0.

    A limit that is left out does not count; at least one is needed.
    min_characters: fewest characters, as code points.
    max_characters: most characters.
    min_words: fewest words: runs of letters and digits; in scripts without spaces (Chinese, Thai) each character.
    max_words: most words.
    min_sentences: fewest sentences, by their final marks; "e.g. this" is taken for two, so leave room; Thai has none.
    max_sentences: most sentences.
    min_tokens: fewest tokens, as the server has counted them; if it has not, the case is not measured.
    max_tokens: most tokens.

    Example::

        [[grader]]
        kind = "length"
        max_words = 5
        max_sentences = 1
        # right = "Paris, of course.", wrong = "It is Paris. I am sure of it."
    """

    kind: ClassVar[str] = "length"

    min_characters: int | None = None
    max_characters: int | None = None
    min_words: int | None = None
    max_words: int | None = None
    min_sentences: int | None = None
    max_sentences: int | None = None
    min_tokens: int | None = None
    max_tokens: int | None = None

    def __post_init__(self) -> None:
        Kind.__post_init__(self)
        if not any(self._limits(unit) != (None, None) for unit in UNITS):
            raise GraderError(f"no limit: set one or more of {', '.join(f'min_{unit}, max_{unit}' for unit in UNITS)}")
        for unit in UNITS:
            least, most = self._limits(unit)
            if (least is not None and least < 0) or (most is not None and most < 1):
                raise GraderError(f"min_{unit} must be 0 or more, and max_{unit} 1 or more")
            if least is not None and most is not None and least > most:
                raise GraderError(f"min_{unit} is {least}, more than max_{unit}, which is {most}")

    def _limits(self, unit: str) -> tuple[int | None, int | None]:
        return getattr(self, f"min_{unit}"), getattr(self, f"max_{unit}")

    def __call__(self, case: Case, response: Response) -> Grade:  # noqa: ARG002  the answer is all that counts
        """Count. Raises GraderError if tokens are to be counted, and the server has not."""
        counts = {unit: _count(unit, response) for unit in UNITS if self._limits(unit) != (None, None)}
        if wrong := [*self._beyond(counts)]:
            return self.wrong(f"{'; '.join(wrong)}: {shown(response.text)}")
        return self.right(", ".join(f"{count:,} {unit}" for unit, count in counts.items()) + ", within the limits")

    def _beyond(self, counts: dict[str, int]) -> Iterator[str]:
        for unit, count in counts.items():
            least, most = self._limits(unit)
            if least is not None and count < least:
                yield f"found {count:,} {unit}, expected at least {least:,}"
            if most is not None and count > most:
                yield f"found {count:,} {unit}, expected at most {most:,}"


def _count(unit: str, response: Response) -> int:
    text = response.text.strip()
    match unit:
        case "characters":
            return len(text)
        case "words":
            return len(words(text))
        case "sentences":
            return sum(bool(words(part)) for part in _sentence_ends().split(text))
    if not response.completion_tokens:
        raise GraderError("the server did not report how many tokens the answer has; limit words or characters")
    return response.completion_tokens


@lru_cache
def _sentence_ends() -> Pattern[str]:
    import regex

    return regex.compile(_SENTENCE_ENDS, regex.VERSION1)
