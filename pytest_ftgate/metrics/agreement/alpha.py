"""Ratings of units by any number of raters -> Krippendorff's alpha, nominal or ordinal, as a Metric."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Literal

from pytest_ftgate.errors import MetricError
from pytest_ftgate.metrics.base import Metric
from pytest_ftgate.metrics.intervals import ALPHA, Bounds, unseen

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Level = Literal["nominal", "ordinal"]

RESAMPLES = 9_999
SEED = 20_222
_FEW = 10  # units that differ from the rest; with fewer, what was not drawn matters more than what was


@dataclass(frozen=True, slots=True)
class Ratings:
    """Units that were rated alike, put together.

    patterns: (P, V), ratings of each of V values in one unit. counts: (P,), units of each pattern.
    """

    patterns: Floats
    counts: Floats
    level: Level


def krippendorff_alpha(
    units: Sequence[Sequence[Hashable]], domain: Sequence[Hashable], level: Level = "nominal"
) -> Metric:
    """Krippendorff's alpha (2011, "Computing Krippendorff's Alpha-Reliability"), at most 1; 0 is chance.

    units: the ratings of each unit, in any order, missing ones left out; a unit with fewer than two says nothing and
    is not counted in n. domain: all values, for `ordinal` in their order. Bounds, each one-sided at .05: seeded BCa
    bootstrap of the units (Efron 1987; that units are what is drawn: Zapf et al. 2016, BMC Medical Research
    Methodology 16:93). Resampling cannot draw what was never seen: with fewer than ten units that are (not) rated
    alike, the bounds also allow for the share of units that n draws may have missed (Wilson bound of 0 of n), taken at
    the pattern that changes alpha most. Raises MetricError if no unit has two ratings, a value is not in the domain,
    or all ratings are the same, where alpha has no value.
    """
    ratings = _ratings(units, domain, level)
    value = float(_values(ratings, ratings.counts[None, :])[0])
    if value != value:  # noqa: PLR0124 - not a number
        raise MetricError("alpha is undefined: all ratings are equal")
    lower, upper = _widened(ratings, value, _bca(ratings, value))
    n = int(ratings.counts.sum())
    return Metric(f"alpha({level})", value, n, min(lower, value), min(1.0, max(upper, value)))


def _ratings(units: Sequence[Sequence[Hashable]], domain: Sequence[Hashable], level: Level) -> Ratings:
    import numpy as np

    strange = {rating for unit in units for rating in unit} - set(domain)
    if strange:
        raise MetricError(f"{strange.pop()!r} is not a known value; known: {', '.join(map(repr, domain))}")
    counted = Counter(tuple(Counter(unit)[value] for value in domain) for unit in units if len(unit) >= 2)
    if not counted:
        raise MetricError("alpha needs at least one unit with two ratings")
    return Ratings(np.array(list(counted), dtype=float), np.array(list(counted.values()), dtype=float), level)


def _values(ratings: Ratings, counts: Floats) -> Floats:
    """Alpha of B samples of units, counts (B, P) -> (B,); NaN where all ratings of a sample are the same."""
    import numpy as np

    raters = ratings.patterns.sum(axis=1)
    alike = ratings.patterns[:, :, None] * np.eye(ratings.patterns.shape[1])
    pairs = ratings.patterns[:, :, None] * ratings.patterns[:, None, :] - alike
    seen = np.einsum("bp,pkl->bkl", counts, pairs / (raters - 1)[:, None, None])
    sizes = seen.sum(axis=2)
    distances = _distances(sizes, ratings.level)
    observed = (seen * distances).sum(axis=(1, 2)) * (sizes.sum(axis=1) - 1)
    expected = np.einsum("bk,bl,bkl->b", sizes, sizes, distances)
    values: Floats = 1 - np.divide(observed, expected, out=np.full_like(expected, np.nan), where=expected > 0)
    return values


def _distances(sizes: Floats, level: Level) -> Floats:
    """Squared distances of the values, (B, V, V). Ordinal: of their middle ranks among all ratings, sizes (B, V)."""
    import numpy as np

    if level == "ordinal":
        ranks = sizes.cumsum(axis=1) - sizes / 2
        squares: Floats = (ranks[:, :, None] - ranks[:, None, :]) ** 2
        return squares
    return np.broadcast_to(1.0 - np.eye(sizes.shape[1]), (*sizes.shape, sizes.shape[1]))


def _bca(ratings: Ratings, value: float, alpha: float = ALPHA) -> Bounds:
    """Bias-corrected accelerated bootstrap; samples whose ratings are all the same are left out."""
    import numpy as np

    n = int(ratings.counts.sum())
    samples = np.random.default_rng(SEED).multinomial(n, ratings.counts / n, RESAMPLES).astype(float)
    drawn = _values(ratings, samples)
    drawn = drawn[~np.isnan(drawn)]
    if n < 2 or drawn.size == 0:
        return value, value
    below = float(np.mean(drawn < value) + np.mean(drawn == value) / 2)
    normal = NormalDist()
    bias = normal.inv_cdf(below) if 0 < below < 1 else 0.0
    bent = _acceleration(ratings)
    moved = [bias + z for z in (normal.inv_cdf(alpha), normal.inv_cdf(1 - alpha))]
    levels = [normal.cdf(bias + z / max(1e-9, 1 - bent * z)) for z in moved]
    lower, upper = np.quantile(drawn, levels)
    return float(lower), float(upper)


def _acceleration(ratings: Ratings) -> float:
    """Skewness of the values without one unit each, over 6; 0 where they do not differ."""
    import numpy as np

    without = np.maximum(ratings.counts[None, :] - np.eye(ratings.counts.size), 0.0)
    left = _values(ratings, without)
    known = ~np.isnan(left)
    weights, left = ratings.counts[known], left[known]
    if not weights.size:
        return 0.0
    gaps = np.average(left, weights=weights) - left
    spread = float(weights @ gaps**2)
    return float(weights @ gaps**3) / (6 * spread**1.5) if spread > 1e-18 else 0.0


def _widened(ratings: Ratings, value: float, bounds: Bounds) -> Bounds:
    """The bounds, with room for units that were never seen where those that differ are fewer than ten."""
    n = float(ratings.counts.sum())
    whole = ratings.patterns.max(axis=1) == ratings.patterns.sum(axis=1)
    alike = float(ratings.counts[whole].sum())
    lower, upper = bounds
    if n - alike < _FEW:
        lower = min([lower, *_with_unseen(ratings, alike=False)])
    if alike < _FEW:
        upper = max([upper, value, *_with_unseen(ratings, alike=True)])
    return lower, upper


def _with_unseen(ratings: Ratings, *, alike: bool) -> list[float]:
    """Alpha if the share of units that may have been missed were, each in turn, one pair of ratings."""
    import numpy as np

    n, values = float(ratings.counts.sum()), ratings.patterns.shape[1]
    share = unseen(n)
    ones = np.eye(values)
    found = []
    for k in range(values):
        for other in [k] if alike else range(k):
            patterns = np.vstack([ratings.patterns, ones[k] + ones[other]])
            counts = np.append(ratings.counts * (1 - share), n * share)
            found.append(float(_values(Ratings(patterns, counts, ratings.level), counts[None, :])[0]))
    return found
