"""(text, a finder for each kind) -> Spans: where something stands that should not be in training data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

Place = tuple[int, int]
"""Begin and end in a text."""
Finder = Callable[[str], Iterable[Place]]


@dataclass(frozen=True, slots=True)
class Span:
    """text[begin:end] is of this kind, such as "e-mail"."""

    kind: str
    begin: int
    end: int


def spans_in(text: str, finders: Mapping[str, Finder]) -> Iterator[Span]:
    """All that the finders find, kind after kind; what one of them found, those after it do not see."""
    for kind, find in finders.items():
        if found := [Span(kind, begin, end) for begin, end in find(text)]:
            yield from found
            text = without(text, found)


def kinds_of(spans: Iterable[Span]) -> tuple[str, ...]:
    """The kinds, each once, in the order in which they were found."""
    return tuple(dict.fromkeys(span.kind for span in spans))


def without(text: str, spans: Iterable[Span]) -> str:
    """The text with what was found blanked, so that the digits of a card are no phone number as well."""
    return rewritten(text, ((span, "_" * (span.end - span.begin)) for span in spans))


def rewritten(text: str, changes: Iterable[tuple[Span, str]]) -> str:
    """The text with another one in place of each span; no two spans overlap."""
    parts, end = [], 0
    for span, written in sorted(changes, key=lambda change: change[0].begin):
        parts += [text[end : span.begin], written]
        end = span.end
    return "".join([*parts, text[end:]])
