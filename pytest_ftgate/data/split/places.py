"""(groups, places given before, shares, seed) -> the place of every key; a place once given never changes.

A row is placed by the digest of its question. If that has a place, it keeps it, whatever else happens: see `_joined`.
So no row moves when rows are added, removed, relabelled or shuffled. A new row of a group in which any key has a place
goes to the most protected of these.

The other groups are drawn, label by label, in an order and with draws that the seed and their least key alone decide:
a part is drawn with a probability that grows with the rows it lacks, among the parts that lack at least half the group.
What a label's rows miss their shares by is made good by the next label's.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from pytest_ftgate.data.near.groups import Group
from pytest_ftgate.data.split.part import PARTS, Part, Shares, most_protected

Places = Mapping[str, Part]
"""By key of a row or of a cluster."""


def place(groups: Sequence[Group], before: Places, shares: Shares, seed: int) -> dict[str, Part]:
    """The place of every key of the groups. before: of these and any other keys."""
    placed: dict[str, Part] = {}
    by_label: defaultdict[str, list[Group]] = defaultdict(list)
    for group in groups:
        placed |= _joined(group, before)
        by_label[group.label].append(group)
    lacks = dict.fromkeys(PARTS, 0.0)
    for label in sorted(by_label, key=lambda label: (sum(len(group.items) for group in by_label[label]), label)):
        placed |= _drawn(by_label[label], placed, shares, lacks, seed)
    return placed


def _joined(group: Group, before: Places) -> dict[str, Part]:
    """The places of a group that is not new; none for one that is."""
    held = [before[key] for key in group.keys if key in before]
    return {key: before.get(key, most_protected(held)) for key in group.keys} if held else {}


def _drawn(
    groups: Sequence[Group], placed: Places, shares: Shares, lacks: dict[Part, float], seed: int
) -> dict[str, Part]:
    """The places of one label's new groups. lacks: rows that each part is short of; brought up to date."""
    there = Counter(placed[item.key] for group in groups for item in group.items if item.key in placed)
    rows = sum(len(group.items) for group in groups)
    for part in PARTS:
        lacks[part] += shares[part] * rows - there[part]
    drawn: dict[str, Part] = {}
    for draw, group in sorted(((_draws(group.name, seed), group) for group in groups), key=lambda pair: pair[0]):
        if group.name not in placed:
            part = _pick(lacks, len(group.items), draw[1])
            lacks[part] -= len(group.items)
            drawn |= dict.fromkeys(group.keys, part)
    return drawn


def _draws(name: str, seed: int) -> tuple[str, float]:
    """(place in the order, number in [0, 1)) of a group; both look drawn at random, apart from each other."""
    digest = hashlib.sha256(f"{seed}:{name}".encode()).hexdigest()
    return digest[:32], int(digest[32:45], 16) / 16**13


def _pick(lacks: Mapping[Part, float], size: int, draw: float) -> Part:
    """The part that a group of so many rows goes to. draw: in [0, 1)."""
    fitting = [part for part in PARTS if lacks[part] >= size / 2]
    rest = draw * sum(lacks[part] for part in fitting)
    for part in fitting:
        rest -= lacks[part]
        if rest < 0:
            return part
    return fitting[-1] if fitting else max(PARTS, key=lambda part: lacks[part])
