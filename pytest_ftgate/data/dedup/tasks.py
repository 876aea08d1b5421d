"""What may run in another process or on another machine: band hashes of some texts, similarity of some pairs."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pytest_ftgate.data.dedup.parts import Parts, similarity
from pytest_ftgate.data.near.minhash import Bands
from pytest_ftgate.data.near.near_pairs_within import bands_of_texts, is_long_enough
from pytest_ftgate.data.near.rolling_hash import Hashes


@dataclass(frozen=True, slots=True)
class Sign:
    """Texts -> their bands, all 0 for a text that is too short to be near to another."""

    texts: tuple[str, ...]
    templates: Hashes

    def result(self) -> Bands:
        """A line for each text."""
        return bands_of_texts([text if is_long_enough(text) else "" for text in self.texts], self.templates)


@dataclass(frozen=True, slots=True)
class Compare:
    """Pairs of rows -> the similarity of each."""

    pairs: tuple[tuple[Parts, Parts], ...]
    templates: Hashes

    def result(self) -> npt.NDArray[np.float64]:
        """In the order of the pairs."""
        return np.array([similarity(one, other, self.templates) for one, other in self.pairs])


Task = Sign | Compare
Submit = Callable[[Task], Callable[[], npt.NDArray[np.generic]]]
"""Begins a task, and gives what waits for its result."""


@dataclass(frozen=True, slots=True)
class Workers:
    """Who does the tasks. count: how many at the same time."""

    submit: Submit
    count: int


def digest_of_task(task: Task) -> str:
    """The same for the same work, whenever it is done."""
    return hashlib.blake2b(pickle.dumps(task, protocol=5), digest_size=16).hexdigest()


def result_of(task: Task) -> npt.NDArray[np.generic]:
    """As a function, for a pool of processes."""
    return task.result()
