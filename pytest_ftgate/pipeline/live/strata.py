"""(inputs, drift of each) -> their strata; (strata, size, seed) -> what is drawn of each, with its weight."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from pytest_ftgate.pipeline.live.live_input import LiveInput

DRIFTED = 0.1
"""The share of inputs that a classifier finds most unlike the training rows: a stratum of its own."""
UNLIKE = "unlike training"


def stratified(inputs: Sequence[LiveInput], drift: Sequence[float]) -> list[LiveInput]:
    """Each with its stratum: the model's label, and whether it is of the tenth that is most unlike training.

    drift: of each input, the greater the less alike; empty if it is not known.
    """
    order = sorted(range(len(drift)), key=lambda place: (-drift[place], inputs[place].key))
    far = frozenset(order[: round(DRIFTED * len(order))])
    return [replace(each, stratum=_name(each.label, place in far)) for place, each in enumerate(inputs)]


def _name(label: str, far: bool) -> str:
    parts = [part for part in (label, UNLIKE if far else "") if part]
    return ", ".join(parts) or "all"


def draw(inputs: Iterable[LiveInput], size: int, seed: int) -> list[LiveInput]:
    """As many of each stratum as of any other, all of one that has fewer; in an order that tells no stratum.

    The order of a hash of key and seed decides: no input comes or goes because others did. weight: inputs of the
    stratum for each that was drawn.
    """
    strata: defaultdict[str, list[LiveInput]] = defaultdict(list)
    for each in sorted(inputs, key=lambda each: _place(each.key, seed)):
        strata[each.stratum].append(each)
    sizes = shares({name: len(some) for name, some in strata.items()}, size)
    drawn = [
        replace(each, weight=len(some) / sizes[name]) for name, some in strata.items() for each in some[: sizes[name]]
    ]
    return sorted(drawn, key=lambda each: _place(each.key, seed))


def shares(sizes: Mapping[str, int], size: int) -> dict[str, int]:
    """How many of each, at most all of it; what a small one cannot give the others do. Their sum is at most `size`."""
    left, given = size, {}
    for number, name in enumerate(sorted(sizes, key=lambda name: (sizes[name], name))):
        given[name] = min(sizes[name], left // (len(sizes) - number))
        left -= given[name]
    return given


def _place(key: str, seed: int) -> bytes:
    return hashlib.sha256(f"live {seed} {key}".encode()).digest()
