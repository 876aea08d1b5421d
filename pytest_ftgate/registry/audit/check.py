"""(lines of an audit log, heads kept elsewhere) -> what was edited, removed, moved, or torn by a crash."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pytest_ftgate.registry.audit.entry import FIRST, Entry, Head, is_whole, read_entry, sha256_of


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """line: 1-based place in the file. grave: False if it is a note and the log can be trusted none the less."""

    line: int
    text: str
    grave: bool = True

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}"


def check_lines(lines: Sequence[bytes], torn: bool) -> list[Finding]:
    """Every line that does not fit, in order. torn: whether the last line has no end."""
    entries = [read_entry(line) for line in lines]
    mended = _mended(entries)
    bad = {n: found for n in range(1, len(lines) + 1) if (found := _own(n, lines, entries, mended, torn))}
    return sorted([*bad.values(), *_order(entries), *_chain(lines, entries, bad.keys())])


def check_heads(lines: Sequence[bytes], heads: Iterable[Head], place: str) -> list[Finding]:
    """Lines that the registry knows of and the file lacks, or holds otherwise. place: of this file."""
    own = next((entry.log for line in lines if (entry := read_entry(line))), "")
    return sorted(found for head in heads if (found := _head(lines, head, own, place)))


def _own(
    n: int, lines: Sequence[bytes], entries: Sequence[Entry | None], mended: set[int], torn: bool
) -> Finding | None:
    """What is wrong with line n by itself."""
    entry = entries[n - 1]
    if entry and is_whole(entry, lines[n - 1]):
        return None
    if n in mended and entry is None:
        return Finding(n, "was truncated by a crash (recorded in the next line)", grave=False)
    if torn and n == len(lines) and entry is None:
        return Finding(n, "is truncated: the writing process died; the next writer will record it", grave=False)
    return Finding(n, "was edited: sha256 mismatch" if entry else "was edited: not a valid entry")


def _mended(entries: Sequence[Entry | None]) -> set[int]:
    """Numbers of lines that a repair right after them declares torn."""
    found: set[int] = set()
    for n, entry in enumerate(entries, 1):
        match entry and entry.kind == "repair" and entry.what.get("lines"):
            case [int(first), int(last)] if last == n - 1:
                found |= set(range(first, n))
    return found


def _order(entries: Sequence[Entry | None]) -> Iterator[Finding]:
    """Lines that are gone, moved or there twice, by the numbers that the entries carry."""
    numbered = [(place, entry.line) for place, entry in enumerate(entries, 1) if entry]
    numbers = [number for _, number in numbered]
    lost = len(entries) - len(numbered)
    gone = sorted(set(range(1, max(numbers, default=0) + 1)) - set(numbers))
    unreadable = {place for place, entry in enumerate(entries, 1) if entry is None} if lost else set()
    for number in gone:
        if number not in unreadable:
            yield Finding(number, "was removed: gap in the line numbers")
    for number, times in Counter(numbers).items():
        if times > 1:
            yield Finding(number, f"occurs {times} times")
    for (place, number), sorted_number in zip(numbered, sorted(numbers), strict=True):
        if number != sorted_number:
            yield Finding(place, f"was moved here from line {number}")


def _chain(lines: Sequence[bytes], entries: Sequence[Entry | None], bad: Iterable[int]) -> Iterator[Finding]:
    """Lines that are whole, but not the ones that the lines after them were written after."""
    known = set(bad)
    for place, entry in enumerate(entries, 1):
        if entry is None:
            continue
        if entry.line == 1 and entry.prev != FIRST:
            yield Finding(place, "was edited: first line, but refers to a previous one")
        before = entries[place - 2] if place > 1 else None
        if before is None or place - 1 in known or entry.line != before.line + 1:
            continue
        if entry.prev != sha256_of(lines[place - 2]):
            yield Finding(place - 1, f"was edited: line {place} follows a different line {place - 1}")
        elif entry.log != before.log:
            yield Finding(place, f"belongs to another log ({entry.log}, not {before.log})")


def _head(lines: Sequence[bytes], head: Head, own: str, place: str) -> Finding | None:
    """What the file lacks of one head; None for a head of another file, elsewhere."""
    if head.log != own:
        text = f"was replaced: not the log of {head.line} lines that {head.by} was registered with"
        return Finding(1, text) if head.place == place else None
    if len(lines) < head.line:
        text = f"was removed, as were all lines after {len(lines)}: {head.by} was registered with line {head.line}"
        return Finding(len(lines) + 1, text)
    if sha256_of(lines[head.line - 1]) != head.sha256:
        return Finding(head.line, f"was edited: {head.by} was registered with a different line {head.line}")
    return None
