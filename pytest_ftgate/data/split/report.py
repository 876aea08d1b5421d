"""Split -> its lines for a person: counts by part and label, groups, and groups that stand on several sides."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_ftgate.data.near.groups import Group
from pytest_ftgate.data.split.part import PARTS
from pytest_ftgate.data.split.places import Places
from pytest_ftgate.data.split.split import Split

SHOWN = 3
LARGE = 0.1
"""Share of all rows from which on a group is told of: shares cannot be met with it."""


def table_of(split: Split) -> list[list[str]]:
    """A header, then a line a part: rows, share, rows of each label, the most frequent label first."""
    counts = split.counts
    totals = {label: sum(counts.get((part, label), 0) for part in PARTS) for _, label in counts}
    labels = sorted(totals, key=lambda label: (-totals[label], label)) if any(totals) else []
    rows = sum(counts.values())
    lines = [["", "rows", "share", *(label if len(label) <= 24 else f"{label[:21]}..." for label in labels)]]
    for part in PARTS:
        own = sum(counts.get((part, label), 0) for label in totals)
        lines.append([part, f"{own:,}", f"{own / rows:.1%}", *(f"{counts.get((part, each), 0):,}" for each in labels)])
    return lines


def notes_of(split: Split) -> Iterator[str]:
    """How the rows were grouped, how many kept their place, and what stands on several sides."""
    rows = sum(len(group.items) for group in split.groups)
    joined = [group for group in split.groups if len(group.items) > 1]
    held = sum(len(group.items) for group in joined)
    yield f"{rows:,} rows, {held:,} of them in {len(joined):,} groups of duplicate, near-duplicate or clustered rows"
    if split.note:
        yield split.note
    if split.kept:
        yield f"{split.kept:,} rows keep their split from split.lock, {rows - split.kept:,} are new"
    largest = max(split.groups, key=lambda group: len(group.items))
    if len(largest.items) > max(1, LARGE * rows):
        where = f"{largest.items[0].path}:{largest.items[0].line}"
        yield f"one group has {len(largest.items) / rows:.0%} of the rows ({where} and others) and is kept together"
    yield from _apart(split)


def _apart(split: Split) -> Iterator[str]:
    if not split.apart:
        return
    yield (
        f"WARNING: {len(split.apart):,} groups span several splits, joined by rows added after these were assigned;"
        "\n  rows never move: remove the copies in the less protected split, then split again"
    )
    for group in split.apart[:SHOWN]:
        yield f"  {_sides(group, split.places)}"


def _sides(group: Group, places: Places) -> str:
    sides = []
    for part in PARTS:
        own = [f"{item.path}:{item.line}" for item in group.items if places[item.key] == part]
        if own:
            more = f" and {len(own) - SHOWN:,} more" if len(own) > SHOWN else ""
            sides.append(f"{part}: {', '.join(own[:SHOWN])}{more}")
    return "; ".join(sides)
