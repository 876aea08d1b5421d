"""Case, Row -> what the stages compare: normalised words."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from pytest_ftgate.data.near.lookalikes import plain_letters
from pytest_ftgate.data.near.rows import Row
from pytest_ftgate.data.near.symbols import symbols_and_words
from pytest_ftgate.data.near.text import asked_of, plain_text, split, text_of, words_of
from pytest_ftgate.data.near.unfold import unfolded
from pytest_ftgate.data.near.wrapping import wrapping_of
from pytest_ftgate.golden.case import Case, Prompt, PromptError, answer_text, user_text

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Golden:
    """A case, normalised. question: words of its input; exchange: of input and expected value, one after the other.

    set: name of its golden set, "" if it was not told; ids of two sets may be the same. bare: the words of its input
    without escapes, markup, encodings and marks, which disguised rows are compared with. forms: its words as the set's
    prompts write them, without what they put around every input, and with the answer as a model writes it. cluster:
    of the case, "" if it has none. symbols: the words of its input with the symbols that carry meaning.
    """

    id: str
    question: Words
    exchange: Words
    set: str = ""
    bare: Words = ()
    forms: tuple[Words, ...] = ()
    cluster: str = ""
    symbols: Words = ()

    @property
    def wordings(self) -> tuple[Words, ...]:
        """All that is this golden when it is the whole of a text."""
        return (self.question, self.exchange, *self.forms)

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


def goldens_of(
    cases: Iterable[Case] | Mapping[str, Iterable[Case]], prompts: Mapping[str, Sequence[Prompt]] = MappingProxyType({})
) -> tuple[Golden, ...]:
    """The cases, also by the names of their sets, normalised; one without any text is left out.

    prompts: of the sets, by name.
    """
    sets = cases if isinstance(cases, Mapping) else {"": cases}
    goldens = (_golden(case, name, prompts.get(name, ())) for name, of_set in sets.items() for case in of_set)
    return tuple(golden for golden in goldens if golden.question)


def _golden(case: Case, name: str, prompts: Sequence[Prompt]) -> Golden:
    asked = asked_of(case.input)
    question = _held(words_of(asked))
    bare = split(bare_text(asked))
    exchange = question + words_of(text_of(case.expected))
    forms = dict.fromkeys(form for prompt in prompts for form in _rendered(prompt, case))
    if case.expected is not None:
        forms |= dict.fromkeys([question + words_of(answer_text(case.expected))])
    others = tuple(form for form in forms if form and form not in (question, exchange))
    symbols = symbols_and_words(asked)
    return Golden(
        id=case.id,
        question=question,
        exchange=exchange,
        set=name,
        bare=question if bare == question else bare,
        forms=others,
        cluster=case.cluster or "",
        symbols=question if symbols == question else symbols,
    )


def _held(words: Words) -> Words:
    """The goldens stay in memory: a word that many have is one object."""
    return tuple(map(sys.intern, words))


def _rendered(prompt: Prompt, case: Case) -> Iterator[Words]:
    """The input as the prompt's template writes it, without the template's own text."""
    if prompt.template is None or not isinstance(case.input, str | Mapping):
        return
    try:
        text = plain_text(user_text(prompt, case.input))
    except PromptError:
        return
    yield split(text)
    yield from map(split, wrapping_of(prompt).inside(text))


def bare_text(text: str) -> str:
    """`plain_text` of what is left once escapes, markup, encodings, marks and lookalike letters are undone."""
    return plain_text(plain_letters(unfolded(text)))


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
