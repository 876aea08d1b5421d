"""(examples, sizes, seed) -> golden, training and validation rows; copies and near copies all in one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pytest_ftgate.data.near.groups import Group, Item, groups_of
from pytest_ftgate.data.split.part import Part, Shares
from pytest_ftgate.data.split.places import place
from pytest_ftgate.pipeline.starting.example import Example
from pytest_ftgate.pipeline.starting.size import Sizes

MOST_STRATA = 60
"""Combinations of label and slices that are balanced; of more, labels alone are."""
NAME = 12
"""Signs of a cluster's name."""


@dataclass(frozen=True, slots=True)
class Parts:
    """near: groups of several rows, each in one part; grouped: the rows in them. note: what was not compared."""

    goldens: tuple[Example, ...]
    train: tuple[Example, ...]
    validation: tuple[Example, ...]
    near: int = 0
    grouped: int = 0
    note: str = ""


def parted(examples: Sequence[Example], labels: Sequence[str], sizes: Sizes, seed: int) -> Parts:
    """labels: of each example, "" where answers are no labels; each part has its share of labels and slices.

    Golden cases whose questions are near to each other are one cluster.
    """
    strata = _strata(examples, labels)
    items = [
        Item(each.key, each.cluster and f"cluster-{each.cluster}", stratum, str(number), 0)
        for number, (each, stratum) in enumerate(zip(examples, strata, strict=True))
    ]
    groups, note = groups_of(items, {each.key: each.question for each in examples})
    places = place(groups, {}, _shares(sizes), seed)
    of: dict[Part, list[tuple[int, Example]]] = {"train": [], "validation": [], "test": []}
    for group in groups:
        for item in group.items:
            of[places[item.key]].append((int(item.path), _in_cluster(examples[int(item.path)], group)))
    goldens, train, validation = (
        tuple(example for _, example in sorted(of[part], key=lambda pair: pair[0]))
        for part in ("test", "train", "validation")
    )
    joined = [group for group in groups if len(group.items) > 1]
    return Parts(goldens, train, validation, len(joined), sum(len(group.items) for group in joined), note)


def _shares(sizes: Sizes) -> Shares:
    parts: dict[Part, int] = {"train": sizes.train, "validation": sizes.validation, "test": sizes.goldens}
    return {part: rows / sizes.rows for part, rows in parts.items()}


def _strata(examples: Sequence[Example], labels: Sequence[str]) -> list[str]:
    whole = [f"{label} {sorted(each.slices.items())}" for each, label in zip(examples, labels, strict=True)]
    return whole if len(set(whole)) <= MOST_STRATA else list(labels)


def _in_cluster(example: Example, group: Group) -> Example:
    if example.cluster or len(group.items) == 1:
        return example
    return replace(example, cluster=f"near-{group.name[:NAME]}")
