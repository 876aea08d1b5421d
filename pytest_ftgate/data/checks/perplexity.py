"""Answers that the untuned model finds far more, or far less, surprising than it finds the others."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from statistics import fmean, median

from pytest_ftgate.data.checks.finding import Finding, Level
from pytest_ftgate.data.readers.labels import LabelSet
from pytest_ftgate.data.readers.row import DataRow

Losses = Callable[[Sequence[DataRow]], list[float]]
"""Rows -> nats a token of each answer."""

OUTLIER = 3.5
"""Absolute robust z-score."""
LEAST = 20
"""Rows without which there is no usual surprise."""


class Perplexity:
    """Looks at a seeded sample of at most `most` rows, in memory; where answers are labels, at each label apart.

    losses: rows -> nats a token. See `robust_z` for what is an outlier; z is of the logarithm of the perplexity.
    """

    name = "perplexity"
    advice = "check for garbled text, other languages or other tasks; may be valid but hard rows"
    level: Level = "warning"

    def __init__(self, losses: Losses, most: int, seed: int = 0) -> None:
        self._losses = losses
        self._most = most
        self._draw = random.Random(seed)  # noqa: S311  a sample, no secret
        self._labels = LabelSet()
        self._kept: list[tuple[int, DataRow, str]] = []
        self._rows = 0
        self.note = ""

    def see(self, row: DataRow) -> tuple[Finding, ...]:
        """Keep it, or not: every row has the same chance (reservoir sampling, Vitter 1985, algorithm R)."""
        self._rows += 1
        entry = (self._rows, row, self._labels.label(row))
        if len(self._kept) < self._most:
            self._kept.append(entry)
        elif (place := self._draw.randrange(self._rows)) < self._most:
            self._kept[place] = entry
        return ()

    def close(self) -> Iterator[Finding]:
        """The outliers, the furthest first."""
        self._kept.sort(key=lambda entry: entry[0])
        rows = [row for _, row, _ in self._kept]
        losses = self._losses(rows) if rows else []
        if rows:
            self.note = f"median perplexity {_told(median(losses))} of {len(rows):,} rows"
        scores = self._scores(losses)
        for place in sorted(range(len(rows)), key=lambda place: -abs(scores[place])):
            if abs(scores[place]) > OUTLIER:
                what = f"perplexity {_told(losses[place])}, z {scores[place]:+.1f}"
                yield Finding(rows[place].path, rows[place].line, what)

    def _scores(self, losses: Sequence[float]) -> list[float]:
        groups: defaultdict[str, list[int]] = defaultdict(list)
        for place, (_, _, label) in enumerate(self._kept):
            groups[label if self._labels.is_closed else ""].append(place)
        scores = [0.0] * len(losses)
        for places in groups.values():
            for place, score in zip(places, robust_z([losses[place] for place in places]), strict=True):
                scores[place] = score
        return scores


def robust_z(values: Sequence[float]) -> list[float]:
    """0.6745 (x - median) / MAD (Iglewicz and Hoaglin 1993); MAD: median of the absolute differences from the median.

    If more than half of the values are equal, their mean absolute difference x 1.2533 stands for MAD / 0.6745. All 0 of
    fewer than 20 values.
    """
    if len(values) < LEAST:
        return [0.0] * len(values)
    middle = median(values)
    differences = [abs(value - middle) for value in values]
    scale = median(differences) / 0.6745 or fmean(differences) * 1.2533
    return [(value - middle) / scale if scale else 0.0 for value in values]


def _told(loss: float) -> str:
    return f"{math.exp(min(loss, 700.0)):,.3g}"
