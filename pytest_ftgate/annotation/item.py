"""What a person is shown, and what may be said about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pytest_ftgate.errors import FtgateError

TAKEN = frozenset("uq?")
"""Keys of every queue: undo, quit, help."""


class ReviewError(FtgateError):
    """A decision cannot be taken; nothing was written."""


@dataclass(frozen=True, slots=True)
class Choice:
    """key: the one letter to press. value: what the journal says. label: for people. edits: it comes with a text."""

    key: str
    value: str
    label: str
    edits: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """id: stable, of this item alone. parts: (heading, text), as shown. draft: text that an edit begins with."""

    id: str
    parts: tuple[tuple[str, str], ...]
    draft: str = ""


def _any(_item: Item, _text: str) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Task:
    """One kind of work. question: asked of every item. check: why an edited text cannot be taken, "" if it can.

    kept: what of an edited text is written down.
    """

    title: str
    question: str
    choices: tuple[Choice, ...]
    check: Callable[[Item, str], str] = _any
    kept: Callable[[str], str] = str

    def __post_init__(self) -> None:
        keys = [choice.key for choice in self.choices]
        if len(set(keys)) < len(keys) or TAKEN & set(keys) or any(len(key) != 1 for key in keys):
            raise ValueError(f"each choice needs a letter of its own, none of {''.join(sorted(TAKEN))}: {keys}")
