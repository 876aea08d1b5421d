"""Answer of a model -> the JSON in its fenced blocks, however the model writes fences."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pytest_ftgate.files.jsonl import decode_from

_FENCE = re.compile(r"`{3,}|~{3,}")
_TAG = re.compile(r"[ \t]*([^\s`~{\[\"]*)")
_BLANK = re.compile(r"\s*")
_MOST = 256
"""Fences that are looked at, the last of a text: what has more was made to be slow."""


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block. tag: the word after the opening fence, in lower case. error: why it holds no JSON, or None."""

    tag: str
    value: Any = None
    error: ValueError | RecursionError | None = None


def blocks(text: str) -> Iterator[Block]:
    """The blocks whose content is JSON, or begins like an object or a list, in order.

    A fence has three or more backticks or tildes. A block may be tagged or not, on one line, inside a line, and without
    an end where the text ends with it. Only what follows a fence at once, up to the next, is its content.
    """
    place = 0
    for fence in [*_FENCE.finditer(text)][-_MOST:]:
        if fence.start() < place:
            continue
        tag = _TAG.match(text, fence.end())
        word = tag[1].lower() if tag else ""
        starts = dict.fromkeys(_starts(text, fence.end(), tag.end() if tag else fence.end()))
        found = [each for each in (_read(text, start, fence[0]) for start in starts) if each]
        values = [each for each in found if isinstance(each, tuple)]
        if values:
            value, place = values[0]
            yield Block(word, value)
        elif found and isinstance(found[0], ValueError | RecursionError):
            yield Block(word, error=found[0])


def _starts(text: str, fence: int, tag: int) -> Iterator[int]:
    """Where the content may begin: after the tag, at once if it is what looks like a tag, or after the whole line."""
    for place in (tag, fence, text.find("\n", tag)):
        if place >= 0 and (blank := _BLANK.match(text, place)):
            yield blank.end()


def _read(text: str, start: int, fence: str) -> tuple[Any, int] | ValueError | RecursionError | None:
    """(JSON value, end of the block); why it is none if it looks like one; None for anything else."""
    looks = text.startswith(("{", "["), start)
    try:
        value, end = decode_from(text, start)
    except (ValueError, RecursionError) as error:
        return error if looks else None
    blank = _BLANK.match(text, end)
    end = blank.end() if blank else end
    closing = _FENCE.match(text, end)
    if closing and closing[0].startswith(fence):
        return value, closing.end()
    if end == len(text):
        return value, end
    return ValueError("something follows it in the block") if looks else None
