"""A text that may be long -> its beginning and its end, and how much was left out between them."""

from __future__ import annotations

from pytest_ftgate.files.escape import one_line, visible
from pytest_ftgate.files.secrets import mask

LINES = 12
CHARACTERS = 1_200


def excerpt(text: str, characters: int = CHARACTERS, lines: int = LINES, hint: str = "") -> str:
    """The text, printable, secrets masked before anything is cut; of a long one two thirds of `characters` and `lines`
    are its beginning, the rest its end. hint: how to see all of it.
    """
    hint = f"; {hint}" if hint else ""
    return _fewer_lines(visible(_shorter(mask(text), characters, hint)), lines, hint)


def brief(text: str, width: int) -> str:
    """One line of at most `width` characters; white space of any kind is one space."""
    line = one_line(" ".join(text.split()))
    return line if len(line) <= width else f"{line[: width - 3]}..."


def _shorter(text: str, characters: int, hint: str) -> str:
    left_out = len(text) - characters
    if left_out <= 0:
        return text
    head, tail = _parts(characters)
    return f"{text[:head]} ... ({left_out:,} characters left out{hint}) ... {text[-tail:]}"


def _fewer_lines(text: str, most: int, hint: str) -> str:
    lines = text.split("\n")
    left_out = len(lines) - most
    if left_out <= 0:
        return text
    head, tail = _parts(most)
    return "\n".join([*lines[:head], f"... ({left_out:,} lines left out{hint})", *lines[-tail:]])


def _parts(size: int) -> tuple[int, int]:
    tail = size // 3
    return size - tail, tail
