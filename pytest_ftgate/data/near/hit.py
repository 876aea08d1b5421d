"""What one stage of the near-text join finds: the number of a golden, and how near it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from pytest_ftgate.data.near.normalized import Sample

Verdict = Literal["leak", "suspect"]


@dataclass(frozen=True, slots=True)
class Hit:
    """A golden that one stage found in one row.

    golden: its number. score: in [0, 1]. span: longest common words.

    differs: the symbols of the golden that are others in the row, as in "* is +"; "" if none are.
    """

    golden: int
    stage: str
    verdict: Verdict
    score: float
    span: tuple[str, ...]
    differs: str = ""


class Stage(Protocol):
    """One way to find goldens in a row; made of all goldens once, then asked for each row."""

    def find(self, sample: Sample) -> Iterator[Hit]:
        """The goldens found in this row, each at most once."""
