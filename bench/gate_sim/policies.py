"""(n, paired counts) -> what each rule does with a candidate, as the gate's own code decides it.

Each table is brought to the checks as results of cases, decided once, and looked up from then on.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from bench.gate_sim.generator import Counts, Tables
from pytest_ftgate.evaluate.lock import default_delta
from pytest_ftgate.gate.checks.paired import Pairs, pair
from pytest_ftgate.gate.verdict import (
    CheckResult,
    Kind,
    Result,
    Results,
    Status,
    baseline_check,
    champion_check,
    decide,
)
from pytest_ftgate.metrics.intervals import ALPHA

TOLERANCE = 0.05
RIGHT, WRONG = Result(1.0, True), Result(0.0, False)


@lru_cache
def _ids(n: int) -> tuple[str, ...]:
    return tuple(f"c{i}" for i in range(n))


def two_models(n: int, b: int, c: int) -> tuple[Results, Results]:
    """Results of two models on n cases: b that only the first has right, c that only the second has."""
    same = [RIGHT] * (n - b - c)
    first, second = [RIGHT] * b + [WRONG] * c + same, [WRONG] * b + [RIGHT] * c + same
    return dict(zip(_ids(n), first, strict=True)), dict(zip(_ids(n), second, strict=True))


@cache
def pairs_of(n: int, b: int, c: int) -> Pairs:
    """The paired comparison that every rule looks at."""
    return pair(*two_models(n, b, c))


@cache
def champion_status(n: int, b: int, c: int) -> Status:
    """What the champion check says, at the margin that a first golden.lock gets."""
    return champion_check(*two_models(n, b, c), default_delta(n)).status


@cache
def baseline_status(n: int, b: int, c: int) -> Status:
    """What the baseline check says."""
    return baseline_check(*two_models(n, b, c)).status


@lru_cache
def verdict(champion: Status, baseline: Status) -> Kind:
    """The verdict of the gate where integrity is given and no floor is set."""
    return decide(
        [CheckResult("integrity", "pass"), CheckResult("baseline", baseline), CheckResult("champion", champion)]
    ).kind


def at_least_equal(n: int, b: int, c: int) -> bool:
    """Promotes what scores at least as much as the champion."""
    return pairs_of(n, b, c).gain >= 0


def within_tolerance(n: int, b: int, c: int) -> bool:
    """Promotes what scores at most 5 points less."""
    return pairs_of(n, b, c).gain >= -TOLERANCE


def not_worse(_n: int, b: int, c: int) -> bool:
    """Promotes unless it is behind with p <= .05 in the two-sided exact McNemar test, as most tools offer it."""
    return b >= c or binomtest(b, b + c).pvalue > ALPHA


def not_worse_by_midp(n: int, b: int, c: int) -> bool:
    """Promotes unless the one-sided McNemar mid-p of "worse" is <= .05: the most powerful form of the same rule."""
    return not pairs_of(n, b, c).is_worse


@cache
def superior(n: int, b: int, c: int) -> bool:
    """Promotes what the champion check passes with `mode = "superior"`: lower bound of the difference above 0."""
    return champion_check(*two_models(n, b, c), default_delta(n), mode="superior").status == "pass"


Rule = Callable[[int, int, int], bool]

USUAL: dict[str, Rule] = {
    "scores at least as much": at_least_equal,
    "at most 5 points less": within_tolerance,
    "not significantly worse": not_worse,
    "not worse by mid-p": not_worse_by_midp,
    "significantly better": superior,
}
"""Rules that look at the champion alone, by their names in the tables."""

OURS = "ftgate"
POLICIES = (*USUAL, OURS)
SHOWN = tuple(name for name in POLICIES if USUAL.get(name) is not not_worse_by_midp)
"""Those of the README and the plot."""


def looked_up(rule: Callable[[int, int, int], Any], n: int, b: Counts, c: Counts) -> NDArray[Any]:
    """The rule's answer for each (b, c), asked once for each distinct pair."""
    codes, back = np.unique(b * (n + 1) + c, return_inverse=True)
    answers = [rule(n, *map(int, divmod(code, n + 1))) for code in codes]
    return np.array(answers)[back]


def promoted(tables: Tables) -> dict[str, NDArray[np.bool_]]:
    """Whether each policy promotes the candidate on each golden set."""
    n = tables.n
    found = {name: looked_up(rule, n, tables.b, tables.c) for name, rule in USUAL.items()}
    return found | {OURS: verdicts(tables) == str(Kind.PROMOTE)}


def verdicts(tables: Tables) -> NDArray[np.str_]:
    """The verdict of the whole gate on each golden set."""
    n = tables.n
    champion = looked_up(champion_status, n, tables.b, tables.c)
    baseline = looked_up(baseline_status, n, tables.b_base, tables.c_base)
    both, back = np.unique(np.stack([champion, baseline], axis=1), axis=0, return_inverse=True)
    return np.array([str(verdict(*map(str, each))) for each in both])[back.ravel()]
