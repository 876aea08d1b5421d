"""(expected text, text of an answer) -> what differs, for people: by lines, or by words where every line differs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher, unified_diff

from pytest_ftgate.files.words import is_mostly_unspaced, pieces

LONG = 160
"""Characters from which a reader no longer sees at a glance what differs."""
MOST = 1_000
"""Lines or words that are compared: the time grows with their square."""
MOST_PAIRS = 20_000
"""Pairs of equal words that are compared; with more, words that are frequent are not where a match may begin."""
ALIKE = 0.5
"""Texts that share less are better read than compared."""
_AROUND = 4
"""Words shown on either side of a difference."""


def differences(expected: str, found: str) -> tuple[str, list[str]]:
    """(how to read it, lines); no lines where one of the two is short, or they have too little in common."""
    if min(len(expected), len(found)) < LONG or expected == found:
        return "", []
    old, new = expected.split("\n")[:MOST], found.split("\n")[:MOST]
    if _alike(old, new):
        return "- expected, + answer", list(_by_lines(old, new))
    old, new = pieces(expected)[:MOST], pieces(found)[:MOST]
    if _alike(old, new):
        between = "" if is_mostly_unspaced(expected) else " "
        return "[-expected-] {+answer+}", [between.join(_by_words(old, new, between))]
    return "", []


def _alike(old: Sequence[str], new: Sequence[str]) -> bool:
    """What they share in any order is never less than what they share in this one, and much sooner counted."""
    shared = (Counter(old) & Counter(new)).total()
    return 2 * shared >= ALIKE * (len(old) + len(new)) and _matcher(old, new).ratio() >= ALIKE


def _matcher(old: Sequence[str], new: Sequence[str]) -> SequenceMatcher[str]:
    counts = Counter(new)
    return SequenceMatcher(None, old, new, autojunk=sum(counts[word] for word in old) > MOST_PAIRS)


def _by_lines(old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    for number, line in enumerate(unified_diff(old, new, n=1, lineterm="")):
        if line.startswith("@@"):
            yield "..."
        elif number >= 2:
            yield line


def _by_words(old: Sequence[str], new: Sequence[str], between: str) -> Iterator[str]:
    for kind, start, end, new_start, new_end in _matcher(old, new).get_opcodes():
        if kind == "equal":
            yield from _unchanged(old[start:end])
            continue
        if start < end:
            yield f"[-{between.join(old[start:end])}-]"
        if new_start < new_end:
            yield f"{{+{between.join(new[new_start:new_end])}+}}"


def _unchanged(same: Sequence[str]) -> Sequence[str]:
    return same if len(same) <= 2 * _AROUND + 1 else [*same[:_AROUND], "...", *same[-_AROUND:]]
