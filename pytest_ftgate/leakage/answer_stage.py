"""Stage 5: the answer of a golden stands in a row, wherever its question is; a suspect, since answers may be shared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pytest_ftgate.data.near.hit import Hit
from pytest_ftgate.data.near.normalized import Golden, Sample
from pytest_ftgate.leakage.containment import LONG, Containment


class Answers:
    """The goldens with an expected value of at least 13 words; a shorter one is said twice by chance."""

    def __init__(self, goldens: Sequence[Golden]) -> None:
        self._numbers = [number for number, golden in enumerate(goldens) if len(golden.answer) >= LONG]
        asked = (goldens[number] for number in self._numbers)
        self.contained = Containment([replace(golden, question=golden.answer) for golden in asked])

    def find(self, sample: Sample) -> Iterator[Hit]:
        """The goldens whose answer stands in this row, whole or in good part."""
        for hit in self.contained.find(sample):
            yield replace(hit, golden=self._numbers[hit.golden], stage="answer", verdict="suspect")
