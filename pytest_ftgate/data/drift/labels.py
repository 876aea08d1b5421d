"""(inputs, inputs) -> Comparison: are the labels mixed alike?"""

from __future__ import annotations

from collections import Counter

from pytest_ftgate.data.drift.finding import Comparison
from pytest_ftgate.data.drift.inputs import Inputs

DRAWS = 9_999
MOST_LABELS = 50
"""Answers of more kinds are free text, not labels."""


def labels(log: Inputs, other: Inputs) -> Comparison | None:
    """Pearson's chi-squared of the two label counts, its p-value by random tables with the same margins.

    So it holds for rare labels too. None if a side has no labels, or the answers are free text.
    """
    ours, theirs = (Counter(label for label in inputs.labels if label is not None) for inputs in (log, other))
    names = sorted({*ours, *theirs})
    if not ours or not theirs or len(names) > MOST_LABELS:
        return None
    p = _p_value([ours[name] for name in names], [theirs[name] for name in names])
    return Comparison("labels", other.name, p, f"chi-squared, {DRAWS:,} random tables", _told(names, ours, theirs))


def _p_value(ours: list[int], theirs: list[int]) -> float:
    import numpy as np

    both = np.add(ours, theirs)
    expected = both * (sum(ours) / both.sum())
    drawn = np.random.default_rng(0).multivariate_hypergeometric(both, sum(ours), size=DRAWS)
    # with fixed margins the other row's share of chi-squared is in proportion, so one row orders the tables
    seen, chance = (((row - expected) ** 2 / expected).sum(axis=-1) for row in (np.array(ours), drawn))
    return float((1 + (chance >= seen - 1e-9).sum()) / (1 + DRAWS))


def _told(names: list[str], ours: Counter[str], theirs: Counter[str]) -> str:
    shares = {name: (ours[name] / ours.total(), theirs[name] / theirs.total()) for name in names}
    moved = sorted(names, key=lambda name: -abs(shares[name][0] - shares[name][1]))[:3]
    return ", ".join(f"{name} {shares[name][0]:.0%} vs {shares[name][1]:.0%}" for name in moved)
