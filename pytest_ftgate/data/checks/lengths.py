"""Lengths of questions and answers, and labels that can be told by the length of the question alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from pytest_ftgate.data.checks.finding import Finding, Level
from pytest_ftgate.data.readers.labels import LabelSet
from pytest_ftgate.data.readers.row import DataRow
from pytest_ftgate.files.words import word_count

SHORTCUT = 0.8
"""Share of pairs in which the question of one label is the longer one, from which on length gives the label away."""
LEAST_OF_CLASS = 20


class Lengths:
    """Counts words of questions and answers, and characters of the questions of each label."""

    name = "lengths"
    advice = "balance lengths across labels, or the model learns length as a shortcut"
    level: Level = "warning"

    def __init__(self) -> None:
        self._labels = LabelSet()
        self._asked: Counter[int] = Counter()
        self._answered: Counter[int] = Counter()
        self._by_label: dict[str, Counter[int]] = {}

    @property
    def note(self) -> str:
        """Percentiles in words."""
        if not self._asked:
            return ""
        return f"words per prompt {_told(self._asked)}; per answer {_told(self._answered)}"

    def see(self, row: DataRow) -> tuple[Finding, ...]:
        """Nothing yet."""
        self._asked[word_count(row.question)] += 1
        self._answered[word_count(row.answer)] += 1
        if label := self._labels.label(row):
            self._by_label.setdefault(label, Counter())[len(row.question)] += 1
        return ()

    def close(self) -> Iterator[Finding]:
        """Each label whose questions are longer than those of the others in four of five pairs."""
        if not self._labels.is_closed:
            return
        for label, own in self._by_label.items():
            rest: Counter[int] = Counter()
            for other, lengths in self._by_label.items():
                rest.update(lengths if other != label else {})
            if min(own.total(), rest.total()) >= LEAST_OF_CLASS and (share := longer(own, rest)) >= SHORTCUT:
                medians = f"median {percentile(own, 0.5)} to {percentile(rest, 0.5)} characters"
                yield Finding(f"{label!r:.40}", 0, f"longer than others in {share:.0%} of pairs, {medians}")


def longer(one: Mapping[int, int], other: Mapping[int, int]) -> float:
    """Chance that a draw from one is above a draw from the other, ties counted half: Mann and Whitney's U / (n m).

    one, other: how often each length stands there, at least once in all.
    """
    below = above = 0.0
    for length in sorted({*one, *other}):
        here = other.get(length, 0)
        above += one.get(length, 0) * (below + here / 2)
        below += here
    return above / (sum(one.values()) * below)


def percentile(counts: Mapping[int, int], share: float) -> int:
    """The least length that at least this share of all reach from below; share in (0, 1]."""
    total, reached = sum(counts.values()), 0
    for length in sorted(counts):
        reached += counts[length]
        if reached >= share * total:
            break
    return length


def _told(counts: Mapping[int, int]) -> str:
    five, half, most = (percentile(counts, share) for share in (0.05, 0.5, 0.95))
    return f"{five} / {half} / {most} (5, 50, 95 %), max {max(counts)}"
