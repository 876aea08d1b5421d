"""Case, Row -> what the stages compare: normalised words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pytest_ftgate.data.near.lookalikes import folded
from pytest_ftgate.data.near.rows import Row
from pytest_ftgate.data.near.text import asked_of, plain_text, split, text_of, words_of
from pytest_ftgate.data.near.unfold import unfolded
from pytest_ftgate.golden.case import Case

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Golden:
    """A case, normalised. question: words of its input; exchange: of input and expected value, one after the other.

    set: name of its golden set, "" if it was not told; ids of two sets may be the same. bare: the words of its input
    without escapes, markup, encodings and marks, which disguised rows are compared with.
    """

    id: str
    question: Words
    exchange: Words
    set: str = ""
    bare: Words = ()

    @property
    def answer(self) -> Words:
        """The words of the expected value."""
        return self.exchange[len(self.question) :]

    @property
    def name(self) -> str:
        """Of the set and the case, as in sms_spam/a1, or the bare id."""
        return f"{self.set}/{self.id}" if self.set else self.id


@dataclass(frozen=True, slots=True)
class Sample:
    """A training row, normalised. question: words of what the model is shown; whole: of all its text.

    others: what may be a question by itself as well, such as one turn, or a turn without what a prompt puts around it.
    """

    question: Words
    whole: Words
    others: tuple[Words, ...] = ()

    @property
    def texts(self) -> tuple[Words, ...]:
        """Each that is compared as a text of its own."""
        return (self.question, self.whole, *self.others)


def goldens_of(cases: Iterable[Case] | Mapping[str, Iterable[Case]]) -> tuple[Golden, ...]:
    """The cases, also by the names of their sets, normalised; one without any text is left out."""
    sets = cases if isinstance(cases, Mapping) else {"": cases}
    goldens = (_golden(case, name) for name, of_set in sets.items() for case in of_set)
    return tuple(golden for golden in goldens if golden.question)


def _golden(case: Case, name: str) -> Golden:
    asked = asked_of(case.input)
    question = words_of(asked)
    bare = split(bare_text(asked))
    exchange = question + words_of(text_of(case.expected))
    return Golden(case.id, question, exchange, name, question if bare == question else bare)


def bare_text(text: str) -> str:
    """`plain_text` of what is left once escapes, markup, encodings, marks and lookalike letters are undone."""
    return plain_text(folded(unfolded(text)))


@dataclass(frozen=True, slots=True)
class Plain:
    """A training row, normalised, its words not yet told apart: one space between two of them. raw: all its text.

    question, whole, others: as in a sample.
    """

    question: str
    whole: str
    raw: str
    others: tuple[str, ...] = ()

    @property
    def apart(self) -> tuple[str, ...]:
        """The whole, and of the other texts those that are no piece of it."""
        return (self.whole, *(text for text in (self.question, *self.others) if text not in self.whole))

    @property
    def sample(self) -> Sample:
        """The words of all."""
        return Sample(split(self.question), split(self.whole), tuple(map(split, self.others)))


def plain_of(row: Row) -> Plain:
    """The row, normalised; what is both question and whole is normalised once."""
    asked, whole = row.question, row.whole
    question = plain_text(asked)
    others = tuple(dict.fromkeys(map(plain_text, row.other_questions)))
    if asked and whole.startswith(asked) and whole[len(asked) : len(asked) + 1] in ("", "\n"):
        return Plain(question, f"{question} {plain_text(whole[len(asked) :])}".strip(" "), whole, others)
    return Plain(question, plain_text(whole), whole, others)


def sample_of(row: Row) -> Sample:
    """The words of a row, normalised."""
    return plain_of(row).sample
