"""Rows -> the different ones among them, on the disk, and where each row was."""

from __future__ import annotations

import heapq
import tempfile
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Self

from pytest_ftgate.data.dedup.parts import By, Parts, parts_of
from pytest_ftgate.data.near.common_grams import SAMPLED
from pytest_ftgate.data.near.near_pairs_within import is_long_enough
from pytest_ftgate.data.readers.normalize import exact_digest
from pytest_ftgate.data.readers.row import DataRow
from pytest_ftgate.data.readers.synthetic import is_unreviewed

COUNT = len(Parts._fields)


class Texts:
    """The parts of different rows, by number, in a file without a name in a folder; in memory 250 bytes a row.

    numbers: of each row that was added, the number of the first that equals it. lengths: of each number, characters.
    unreviewed: of each row, 1 if it waits for its review.
    """

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by __exit__
        self._ends = array("q", [0])
        self._known: dict[bytes, int] = {}
        self._sample: list[tuple[bytes, str]] = []
        self.numbers = array("q")
        self.lengths = array("q")
        self.unreviewed = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self.lengths)

    def add(self, row: DataRow, by: By) -> None:
        """The next row."""
        parts = parts_of(row, by)
        digest = exact_digest(*parts)
        number = self._known.setdefault(digest, len(self))
        self.numbers.append(number)
        self.unreviewed.append(is_unreviewed(row.extras))
        if number == len(self):
            self._write(parts)
            self._draw(digest, parts.text)

    def _write(self, parts: Parts) -> None:
        for part in parts:
            self._ends.append(self._ends[-1] + self._file.write(part.encode("utf-8", "surrogatepass")))
        self.lengths.append(len(parts.text))

    def _draw(self, digest: bytes, text: str) -> None:
        """Keep those of the greatest digests: a sample that does not depend on the order of the rows."""
        if not is_long_enough(text):
            return
        if len(self._sample) < SAMPLED:
            heapq.heappush(self._sample, (digest, text))
        elif digest > self._sample[0][0]:
            heapq.heapreplace(self._sample, (digest, text))

    @property
    def sample(self) -> Sequence[str]:
        """Texts to count templates in."""
        return [text for _, text in self._sample]

    def of(self, numbers: Iterable[int]) -> Iterator[Parts]:
        """The parts of these numbers, in this order."""
        for number in numbers:
            first = COUNT * number
            begin, *ends = self._ends[first : first + COUNT + 1]
            self._file.seek(begin)
            read = self._file.read(ends[-1] - begin)
            places = pairwise([0, *(end - begin for end in ends)])
            yield Parts(*(read[one:other].decode("utf-8", "surrogatepass") for one, other in places))
