"""Any value -> a short text of one line that a person can read and every terminal can print."""

from __future__ import annotations

import json

from pytest_ftgate.files.escape import visible

WIDTH = 120


def shown(value: object, width: int = WIDTH) -> str:
    """A text in quotes with everything unprintable escaped, other values as JSON; the middle is cut out if too long."""
    if isinstance(value, str):
        return _quoted(value, width)
    text = json.dumps(value, ensure_ascii=False, default=repr)
    return _cut(visible(text), width)


def _quoted(text: str, width: int) -> str:
    if len(text) <= width:
        return repr(text)
    head, tail = width * 2 // 3, width // 3
    return f"{text[:head]!r}...{text[-tail:]!r} ({len(text):,} characters)"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 3]}..."


def difference(found: str, expected: str) -> str:
    """Both texts; if they are long, the place where they part with some characters around it."""
    if max(len(found), len(expected)) <= WIDTH:
        return f"found {found!r}, expected {expected!r}"
    at = _parting(found, expected)
    start = max(0, at - 20)
    window = slice(start, start + 60)
    return f"differs at character {at + 1}: found ...{found[window]!r}..., expected ...{expected[window]!r}..."


def _parting(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))
