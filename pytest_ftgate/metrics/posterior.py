"""Confusion counts -> seeded draws of tables that could have been -> bounds of any number made of a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pytest_ftgate.metrics.intervals import ALPHA, Bounds

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Statistic = Callable[["Floats", "Floats", "Floats"], "Floats"]

DRAWS = 10_000
SEED = 20_221


def table_bounds(
    counts: NDArray[np.int64], statistic: Statistic, value: float, least: float = 0.0, alpha: float = ALPHA
) -> Bounds:
    """Bounds of a statistic of a confusion table, each one-sided at alpha, within [least, 1], lower <= value <= upper.

    counts: shape (classes, columns), cases; the first `classes` columns are the classes, every row has a case.
    statistic: (hits (draws, classes), predicted (draws, columns), sizes (classes,)) -> (draws,), in cases.
    Each row is drawn from the Dirichlet posterior of its counts with Jeffreys' prior for right against wrong: 1/2 on
    the right column, 1/2 spread over the ways to be wrong. (1/2 on every cell would outweigh the data of a set with
    many classes.) The size of each class is kept: golden sets fix it by design. With many small classes even this
    prior moves the draws as a whole, so each bound is also held at least as far from the value as from the median draw.
    """
    import numpy as np

    drawn = statistic(*_draw(counts))
    lower, middle, upper = (float(drawn) for drawn in np.quantile(drawn, [alpha, 0.5, 1 - alpha]))
    lower, upper = min(lower, value - (middle - lower)), max(upper, value + (upper - middle))
    return max(lower, least), min(upper, 1.0)


def _draw(counts: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
    import numpy as np

    rng = np.random.default_rng(SEED)
    classes, columns = counts.shape
    sizes = counts.sum(axis=1).astype(float)
    hits = np.empty((DRAWS, classes))
    predicted = np.zeros((DRAWS, columns))
    for k in range(classes):
        prior = np.full(columns, 0.5 / (columns - 1))
        prior[k] = 0.5
        row = rng.dirichlet(counts[k] + prior, DRAWS) * sizes[k]
        hits[:, k] = row[:, k]
        predicted += row
    return hits, predicted, sizes


def macro_f1(hits: Floats, predicted: Floats, sizes: Floats) -> Floats:
    """Plain mean of the F1 of each class."""
    scores: Floats = _f1_each(hits, predicted, sizes).mean(axis=1)
    return scores


def weighted_f1(hits: Floats, predicted: Floats, sizes: Floats) -> Floats:
    """Mean of the F1 of each class, weighted by the cases of the class."""
    scores: Floats = _f1_each(hits, predicted, sizes) @ (sizes / sizes.sum())
    return scores


def micro_f1(hits: Floats, predicted: Floats, sizes: Floats) -> Floats:
    """F1 of all decisions together: 2 TP / (cases + answers with a known label)."""
    known = predicted[:, : hits.shape[1]].sum(axis=1)
    scores: Floats = 2 * hits.sum(axis=1) / (sizes.sum() + known)
    return scores


def mcc(hits: Floats, predicted: Floats, sizes: Floats) -> Floats:
    """Matthews correlation of several classes (Gorodkin 2004); 0 where all answers are the same."""
    import numpy as np

    cases = sizes.sum()
    above = hits.sum(axis=1) * cases - predicted[:, : len(sizes)] @ sizes
    below = (cases**2 - (predicted**2).sum(axis=1)) * (cases**2 - (sizes**2).sum())
    scores: Floats = np.divide(above, np.sqrt(below), out=np.zeros_like(above), where=below > 0)
    return scores


def _f1_each(hits: Floats, predicted: Floats, sizes: Floats) -> Floats:
    scores: Floats = 2 * hits / (sizes + predicted[:, : len(sizes)])
    return scores
