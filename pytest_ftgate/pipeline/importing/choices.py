"""A question with options -> one whose options have letters, and the letter that is right."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CUE = re.compile(r"(.+?)(\n[^\n]{1,24}:)?", re.DOTALL)
ASK = "Answer with the letter of the right option alone."


class NoOption(Exception):  # noqa: N818 - a state of a sample, always caught by what imports it
    """The right answer is not one of the options; the text says what it is."""


def with_options(question: Any, options: Sequence[str]) -> Any:
    """The text, or the messages with their last turn, with the options before the cue it ends with ("Answer:").

    Options that are letters are in the text already. Raises NoOption for too many, or fewer than two.
    """
    if not 2 <= len(options) <= len(LETTERS):
        raise NoOption(f"has {len(options)} options; expected 2 to {len(LETTERS)}")
    if not isinstance(question, str):
        *before, last = question
        return [*before, {**last, "content": with_options(last["content"], options)}]
    body, cue = _CUE.fullmatch(question.rstrip()).groups()  # type: ignore[union-attr]  # it matches any text
    listed = [f"{letter}) {option}" for letter, option in zip(LETTERS, options, strict=False)]
    parts = [body, *([] if list(options) == list(LETTERS[: len(options)]) else ["\n".join(listed)]), ASK]
    return "\n\n".join(parts) + (cue or "")


def right_letter(target: Any, options: Sequence[str]) -> str:
    """The letter of an option that is named by its letter, its 0-based number or its text. Raises NoOption."""
    known = LETTERS[: len(options)]
    if isinstance(target, int) and not isinstance(target, bool) and 0 <= target < len(options):
        return known[target]
    text = str(target).strip()
    if len(text) == 1 and text in known:
        return text
    if text in options:
        return known[list(options).index(text)]
    raise NoOption(f"the right answer is {text!r}, which is none of the {len(options)} options")


def options_grader(options: Sequence[str]) -> dict[str, Any]:
    """The grader of a question whose options have letters."""
    return {"kind": "one_of", "labels": list(LETTERS[: len(options)])}
