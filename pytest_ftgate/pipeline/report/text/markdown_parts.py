"""Texts that anybody may have written -> pieces of Markdown that show them as text; a page of a limited size."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from pytest_ftgate.files.escape import printable

LONGEST = 300
"""Characters of a cell."""
OPEN, CLOSE = "<details>", "</details>"
_RESERVED = 200
"""Bytes of the line that says what was cut."""
_SPECIAL = str.maketrans(
    {sign: f"&#{ord(sign)};" for sign in "&<>|`*[]\\!~$"} | {sign: f"&#{ord(sign)};&#8203;" for sign in "@#"}
)
"""A space of no width after what would call a person, or link an issue: hosts look for these after the Markdown."""
_AT_A_WORD = re.compile(r"(?<!\w)_|_(?!\w)")


def escaped(text: str) -> str:
    """One line of text that Markdown and HTML leave alone; it calls no person, and links nothing."""
    line = " ".join(printable(str(text)).split())
    text = (line if len(line) <= LONGEST else line[: LONGEST - 1] + "…").translate(_SPECIAL)
    return _AT_A_WORD.sub("&#95;", text).replace("://", "&#58;//").replace("www.", "www&#46;")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Nothing if there are no rows."""
    lines = [f"| {' | '.join(map(escaped, row))} |" for row in rows]
    if lines:
        yield from (f"| {' | '.join(map(escaped, head))} |", f"|{'---|' * len(head)}", *lines, "")


def folded(title: str, lines: Iterable[str]) -> Iterator[str]:
    """Lines that a click opens."""
    yield from (f"{OPEN}<summary>{escaped(title)}</summary>", "")
    yield from lines
    yield from (CLOSE, "")


def verbatim(lines: Sequence[str]) -> Iterator[str]:
    """As a block of code, indented: no text can end such a block."""
    told = [f"    {part}" for line in lines if line for part in printable(line).splitlines()]
    if told:
        yield from (*told, "")


def cut(lines: Iterable[str], end: Sequence[str], limit: int) -> str:
    """The page, of at most `limit` bytes in UTF-8: what does not fit before its `end` is left out, and it says so."""
    given = list(lines)
    left = limit - _RESERVED - sum(map(_size, end))
    kept = 0
    while kept < len(given) and (left := left - _size(given[kept])) >= 0:
        kept += 1
    page = given[:kept]
    if kept < len(given):
        opened = sum(line.startswith(OPEN) for line in page) > page.count(CLOSE)
        page += [*(["", CLOSE] if opened else []), "", f"*Cut here: {len(given) - kept:,} more lines.*", ""]
    return "\n".join([*page, *end]) + "\n"


def _size(line: str) -> int:
    return len(line.encode("utf-8", "replace")) + 1
