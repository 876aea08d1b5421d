"""Rows as a split sees them -> groups that must stand on one side: equal or near questions, or one `cluster`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pytest_ftgate.data.near.near_pairs_within import compared
from pytest_ftgate.data.near.together import Together


@dataclass(frozen=True, slots=True)
class Item:
    """One row. key: digest of its question. cluster: digest of its cluster, or "". label: or "" if there are none."""

    key: str
    cluster: str
    label: str
    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Group:
    """items: in the order of the rows."""

    items: tuple[Item, ...]

    @property
    def keys(self) -> frozenset[str]:
        """Of all rows, and of their clusters."""
        return frozenset(key for item in self.items for key in (item.key, item.cluster) if key)

    @property
    def name(self) -> str:
        """The least key of its rows: the same whatever their order."""
        return min(item.key for item in self.items)

    @property
    def label(self) -> str:
        """The most frequent one; of several, the first in the alphabet."""
        counts = Counter(item.label for item in self.items)
        return min(counts, key=lambda label: (-counts[label], label))


class Grouped(NamedTuple):
    """note: what of the questions was not compared, "" if nothing."""

    groups: tuple[Group, ...]
    note: str


def groups_of(items: Sequence[Item], questions: Mapping[str, str]) -> Grouped:
    """The groups, which are disjoint and hold every item. questions: normalised, by key."""
    keys, texts = list(questions), list(questions.values())
    found = compared(texts)
    near = [(keys[pair.one], keys[pair.other]) for pair in found.pairs]
    together = Together([*near, *((item.key, item.cluster) for item in items if item.cluster)])
    groups: defaultdict[Hashable, list[Item]] = defaultdict(list)
    for item in items:
        groups[together.of(item.key)].append(item)
    return Grouped(tuple(Group(tuple(each)) for each in groups.values()), found.note)
