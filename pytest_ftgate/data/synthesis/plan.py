"""(form, seeds, rows wanted) -> Orders: what is asked for, with which examples and which twist, drawn by a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pytest_ftgate.data.synthesis.seeds import Form, Seed

ROWS = 5
"""Rows asked for at a time: more of them resemble one another."""
SHOWN = 6
"""Examples shown; a third of them with other labels, where there are labels."""

TWISTS = (
    "keep to the kind of situation that the examples show.",
    "choose situations that none of the examples shows.",
    "make them short, as if typed in a hurry.",
    "make them longer than the examples, with details that do not matter.",
    "write as different people do: young, old, formal, careless, not native.",
    "choose cases that are easily taken for something else, but have one right answer.",
    "choose unusual topics, and words that the examples do not use.",
    "include numbers, dates or names in unusual forms.",
)
"""What changes from request to request."""


@dataclass(frozen=True, slots=True)
class Order:
    """One request. label: of all rows, "" if there are no labels. number: within its label and round, from 0."""

    label: str
    seeds: tuple[Seed, ...]
    twist: str
    rows: int
    number: int


def quotas(form: Form, seeds: Sequence[Seed], count: int, *, as_seeds: bool = False) -> dict[str, int]:
    """Rows wanted of each label, which add up to `count`: the same of each, or as_seeds, as often as in the seeds."""
    if not form.classes:
        return {"": count}
    weights = {label: sum(seed.answer == label for seed in seeds) if as_seeds else 1 for label in form.classes}
    total = sum(weights.values())
    shares = {label: count * weight // total for label, weight in weights.items()}
    for label in sorted(weights, key=lambda each: (count * weights[each]) % total, reverse=True):
        if sum(shares.values()) < count:
            shares[label] += 1
    return shares


def orders(form: Form, seeds: Sequence[Seed], wanted: Mapping[str, int], round_: int, seed: int) -> Iterator[Order]:
    """Requests for at least the rows wanted. A larger number wanted begins with the same requests."""
    for label, rows in wanted.items():
        for number in range(-(-rows // ROWS)):
            draw = random.Random(f"{seed}\x1f{label}\x1f{round_}\x1f{number}")  # noqa: S311 - no secret
            twist = TWISTS[(number + round_) % len(TWISTS)]
            yield Order(label, _shown(form, seeds, label, draw), twist, ROWS, number)


def _shown(form: Form, seeds: Sequence[Seed], label: str, draw: random.Random) -> tuple[Seed, ...]:
    if not form.classes:
        return tuple(draw.sample(seeds, min(SHOWN, len(seeds))))
    same = [seed for seed in seeds if seed.answer == label]
    others = [seed for seed in seeds if seed.answer != label]
    shown = draw.sample(same, min(SHOWN - SHOWN // 3, len(same))) + draw.sample(others, min(SHOWN // 3, len(others)))
    draw.shuffle(shown)
    return tuple(shown)
