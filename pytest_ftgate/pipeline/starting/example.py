"""One usable row of a user's data: what is asked, what is right, where it was written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_ftgate.data.readers.normalize import exact, exact_digest, normal, short_digest
from pytest_ftgate.golden.case import answer_text


@dataclass(frozen=True, slots=True)
class Example:
    """Treat what it holds as read-only.

    place: "reviews.csv:17". input: a text, an object of template variables, or messages. expected: any JSON value.
    id, cluster: as written, "" if the data have none. slices: values by name.
    """

    place: str
    input: Any
    expected: Any
    slices: Mapping[str, str] = field(default_factory=dict)
    id: str = ""
    cluster: str = ""

    @property
    def question(self) -> str:
        """The text that is asked, without what two writers of the same question may do differently."""
        return normal(text_of(self.input))

    @property
    def key(self) -> str:
        """Of the question: two rows that ask the same have one."""
        return short_digest(self.question).hex()

    @property
    def answer(self) -> str:
        """What the model should write."""
        return answer_text(self.expected)

    @property
    def answer_key(self) -> bytes:
        """Of the answer as it is learnt."""
        return exact_digest(exact(self.answer))


def text_of(value: Any) -> str:
    """All that an input says, one part a line."""
    if isinstance(value, Mapping):
        return "\n".join(str(part) for part in value.values())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "\n".join(str(turn["content"]) for turn in value if turn["role"] != "system")
    return str(value)
