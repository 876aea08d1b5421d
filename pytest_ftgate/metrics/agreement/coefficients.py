"""Table of two raters -> percent agreement, Cohen's kappa, Gwet's AC1, recall of each class: Metrics with bounds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

from pytest_ftgate.errors import MetricError
from pytest_ftgate.metrics.agreement.table import Table
from pytest_ftgate.metrics.base import Metric
from pytest_ftgate.metrics.intervals import ALPHA, Bounds, wilson


@dataclass(frozen=True, slots=True)
class Chance:
    """The agreement that chance alone would give, by one of the two ideas of chance.

    agreement: a share in [0, 1), pe of the literature. slope(i, j): its derivative by the share of cell (i, j).
    """

    agreement: float
    slope: Callable[[int, int], float]


def percent_agreement(table: Table) -> Metric:
    """Share of cases with one and the same label; Wilson bounds."""
    return Metric("agreement", table.agreed / table.n, table.n, *wilson(table.agreed, table.n), _detail(table))


def kappa(table: Table) -> Metric:
    """Cohen's kappa (1960), in [-1, 1]; 0 is chance. Bounds by `corrected_bounds`.

    Falls with the prevalence of the commoner class at one and the same agreement: .88 at 90/10 is a kappa of .39.
    Raises MetricError if both raters gave every case the same label, where it has no value.
    """
    return _metric("kappa", table, cohen_chance(table))


def ac1(table: Table) -> Metric:
    """Gwet's AC1 (2008), in [-1, 1]; 0 is chance. Bounds by `corrected_bounds`.

    Does not punish prevalence (.88 at 90/10 is .85), and so does not see a judge that says yes to everything either:
    .89 at 90/10. Look at the recall of each class beside it.
    """
    return _metric("ac1", table, gwet_chance(table))


def recalls(table: Table) -> dict[str, Metric]:
    """Of the cases that the first rater gave a class, the share that the second did; Wilson bounds.

    Raises MetricError for a class that the first rater never gave.
    """
    found = {}
    for i, (name, row) in enumerate(zip(table.classes, table.counts, strict=True)):
        if not sum(row):
            raise MetricError(
                f"class '{name}' has no cases among the {table.n} labelled; label cases of class '{name}'"
            )
        detail = f"{row[i]} of {sum(row)} found"
        found[name] = Metric(f"recall({name})", row[i] / sum(row), sum(row), *wilson(row[i], sum(row)), detail)
    return found


def cohen_chance(table: Table) -> Chance:
    """Two raters who each draw from their own shares of the classes."""
    first, second = table.first, table.second
    agreement = sum(one * other for one, other in zip(first, second, strict=True))
    return Chance(agreement, lambda i, j: second[i] + first[j])


def gwet_chance(table: Table) -> Chance:
    """Raters who guess on hard cases only; the mean share of each class says how many are hard (Gwet 2008)."""
    q = len(table.classes)
    mean = [(one + other) / 2 for one, other in zip(table.first, table.second, strict=True)]
    agreement = sum(share * (1 - share) for share in mean) / (q - 1)
    return Chance(agreement, lambda i, j: (2 - mean[i] - mean[j]) / (q - 1))


def standard_error(table: Table, chance: Chance) -> float:
    """Asymptotic standard error of (agreement - chance) / (1 - chance), cases being drawn at random.

    Linearisation over the cells: of kappa it is Fleiss, Cohen and Everitt 1969 (Psychological Bulletin 72:323-327), of
    AC1 Gwet 2008 (British Journal of Mathematical and Statistical Psychology 61:29-48).
    """
    beyond = 1 - _value(table, chance)
    mean = square = 0.0
    for i, row in enumerate(table.shares):
        for j, share in enumerate(row):
            effect = (i == j) - beyond * chance.slope(i, j)
            mean += share * effect
            square += share * effect * effect
    return sqrt(max(0.0, square - mean * mean) / table.n) / (1 - chance.agreement)


def corrected_bounds(table: Table, chance: Chance, alpha: float = ALPHA) -> Bounds:
    """Bounds of a chance-corrected agreement, each one-sided at alpha, in [-1, 1].

    Wilson's bounds of the observed agreement, for as many cases as would give it the standard error of the coefficient
    (effective sample size: Korn and Graubard 1998, Survey Methodology 24:193-201), carried over at the chance seen.
    Unlike value -+ z * error they keep their level near 1, and have a width where all cases agree; the number of cases
    is at most n.
    """
    share = table.agreed / table.n
    spread = standard_error(table, chance) * (1 - chance.agreement)
    cases = min(table.n, share * (1 - share) / spread**2) if 0 < share < 1 and spread > 0 else table.n
    lower, upper = wilson(share * cases, cases, alpha)
    return max(-1.0, _beyond(lower, chance)), _beyond(upper, chance)


def _metric(name: str, table: Table, chance: Chance) -> Metric:
    if chance.agreement >= 1:
        raise MetricError(
            f"{name} is undefined: both raters gave all {table.n} cases the same label; label cases of another class"
        )
    return Metric(name, _value(table, chance), table.n, *corrected_bounds(table, chance), _detail(table))


def _value(table: Table, chance: Chance) -> float:
    return _beyond(table.agreed / table.n, chance)


def _beyond(share: float, chance: Chance) -> float:
    """An agreement as a coefficient: what is beyond chance, as a share of what can be."""
    return (share - chance.agreement) / (1 - chance.agreement)


def _detail(table: Table) -> str:
    return f"{table.agreed} of {table.n} agree"
