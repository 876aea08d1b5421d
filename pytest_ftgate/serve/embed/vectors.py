"""Texts -> vectors of length 1, each text embedded once."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterable, Sequence
from operator import mul

from pytest_ftgate.errors import ServeError

Vector = Sequence[float]
Embed = Callable[[Sequence[str]], Iterable[Iterable[float]]]
MOST_KEPT = 4096
"""Texts whose vectors are kept."""


class Vectors:
    """What an embedding model says of texts. embed: several texts -> a vector for each."""

    def __init__(self, embed: Embed) -> None:
        self._embed = embed
        self._known: dict[str, Vector] = {}

    def of(self, texts: Sequence[str]) -> list[Vector]:
        """A vector for each of the texts. Raises ServeError if the model does not give them."""
        if new := [text for text in dict.fromkeys(texts) if text not in self._known]:
            vectors = [_of_length_1(vector) for vector in self._embed(new)]
            if len(vectors) != len(new):
                raise ServeError(f"{len(vectors)} embeddings for {len(new)} texts")
            self._known.update(zip(new, vectors, strict=True))
        found = [self._known[text] for text in texts]
        while len(self._known) > MOST_KEPT:
            del self._known[next(iter(self._known))]
        return found


def _of_length_1(numbers: Iterable[float]) -> Vector:
    try:
        vector = array("d", numbers)
    except (TypeError, OverflowError):
        raise ServeError("an embedding is not a list of numbers") from None
    length = math.hypot(*vector)
    if not 0 < length < math.inf:
        raise ServeError(f"an embedding has the length {length:g}, so that no angle can be measured")
    return array("d", [number / length for number in vector])


def cosine(one: Vector, other: Vector) -> float:
    """Of two vectors of length 1, -1 to 1. Raises ServeError if they have not as many dimensions."""
    if len(one) != len(other):
        raise ServeError(f"embeddings of {len(one)} and of {len(other)} dimensions")
    return max(-1.0, min(1.0, math.fsum(map(mul, one, other))))
