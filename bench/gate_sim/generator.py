"""(true accuracies of three models, discordance) -> chances of the eight outcomes of a case, and drawn golden sets.

One latent difficulty d ~ N(0, 1) for each case (Gaussian copula, one factor): a model of accuracy p has the case right
if sqrt(rho) * d + sqrt(1 - rho) * e < Phi^-1(p), with e ~ N(0, 1) of its own. Given d the models are independent, so
the chances of the eight outcomes are integrals over d, and n cases are one multinomial draw: the same distribution as
drawing case by case, several hundred times faster.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import pi, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

CHAMPION = 0.80
BASELINE = 0.70
DISCORDANCES = (0.16, 0.08, 0.24)
"""Shares of cases on which the champion and a candidate of its accuracy disagree; the first is the design's."""

_D = np.linspace(-8.5, 8.5, 4001)
_WEIGHTS = np.exp(-_D * _D / 2) / sqrt(2 * pi) * (_D[1] - _D[0])  # trapezoidal: exact to rounding for such integrands
_BITS = np.array([(i >> 2 & 1, i >> 1 & 1, i & 1) for i in range(8)], dtype=bool)  # candidate, champion, base


Counts = NDArray[np.int64]
"""One count for each golden set."""


@dataclass(frozen=True, slots=True)
class Tables:
    """Paired counts of many golden sets of n cases, one entry for each set.

    b, c: cases that only the candidate, only the champion has right. b_base, c_base: the same against the base model.
    """

    n: int
    b: Counts
    c: Counts
    b_base: Counts
    c_base: Counts


def _right_given(p: float, rho: float) -> NDArray[np.float64]:
    """Chance that a model of accuracy p has a case right, at each difficulty of the grid."""
    return np.asarray(ndtr((ndtri(p) - sqrt(rho) * _D) / sqrt(1 - rho)), dtype=np.float64)


def both_right(p: float, q: float, rho: float) -> float:
    """Chance that two models have the same case right."""
    return float(_WEIGHTS @ (_right_given(p, rho) * _right_given(q, rho)))


@lru_cache
def latent_correlation(discordance: float, p: float = CHAMPION) -> float:
    """rho at which two models of accuracy p disagree on that share of the cases.

    At p = .80 a discordance of .16 is a correlation phi = .50 of right and wrong, .08 is .75, and .24 is .25.
    """
    return float(brentq(lambda rho: 2 * (p - both_right(p, p, rho)) - discordance, 1e-6, 1 - 1e-6))


def outcome_chances(difference: float, discordance: float) -> NDArray[np.float64]:
    """Chances of the eight outcomes (rows of `_BITS`), summing to 1; difference: candidate - champion, a share."""
    rho = latent_correlation(discordance)
    right = [_right_given(p, rho) for p in (CHAMPION + difference, CHAMPION, BASELINE)]
    given = [np.prod([r if bit else 1 - r for r, bit in zip(right, bits, strict=True)], axis=0) for bits in _BITS]
    chances = np.array(given) @ _WEIGHTS
    return np.asarray(chances / chances.sum(), dtype=np.float64)


def draw(rng: np.random.Generator, n: int, sets: int, difference: float, discordance: float) -> Tables:
    """`sets` golden sets of n cases, answered by a candidate that is truly `difference` better than the champion."""
    return tables(n, rng.multinomial(n, outcome_chances(difference, discordance), size=sets))


def tables(n: int, counts: Counts) -> Tables:
    """Counts of the eight outcomes, shape (sets, 8) -> paired counts."""
    candidate, champion, base = _BITS.T
    sides = (candidate & ~champion, champion & ~candidate, candidate & ~base, base & ~candidate)
    return Tables(n, *(counts[:, side].sum(axis=1) for side in sides))
