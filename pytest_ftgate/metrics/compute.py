"""(name, graded cases) -> Metric: value, n and one-sided 95 % bounds.

Importing this imports nothing heavy; scikit-learn comes with precision, recall, f1 and mcc, scipy with graded scores.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from statistics import fmean
from typing import TYPE_CHECKING

from pytest_ftgate.errors import MetricError
from pytest_ftgate.metrics.base import Metric, Scored
from pytest_ftgate.metrics.intervals import wilson

if TYPE_CHECKING:
    from pytest_ftgate.metrics.labels import Labels

__all__ = ["NAMES", "Metric", "Scored", "compute"]


def compute(
    name: str,
    scored: Sequence[Scored],
    values: Sequence[str] = (),
    *,
    positive: str | None = None,
    average: str | None = None,
) -> Metric:
    """The metric `name` of graded cases.

    name: "accuracy" (share passed), "score" (mean grade), "pass_at_k" and "pass_hat_k" (share of cases that any, or
    every, of their repeats passed; k = repeats), "precision", "recall", "f1" or "mcc".
    values: all known labels; only the last four need them. positive: the label meant by precision, recall and a
    binary f1. average: of f1, "binary", "macro", "micro" or "weighted"; binary if `positive` is given.
    Raises MetricError for an unknown name, for no case, and for a class without a case.
    """
    if not scored:
        raise MetricError(f"{name}: no cases selected")
    if name in _OF_GRADES:
        return _OF_GRADES[name](scored)
    if name not in NAMES:
        close = get_close_matches(name, NAMES, n=1)
        hint = f"; did you mean '{close[0]}'?" if close else ""
        raise MetricError(f"'{name}' is not a known metric; known: {', '.join(NAMES)}{hint}")
    return _of_labels(name, scored, values, positive, average)


def _accuracy(scored: Sequence[Scored]) -> Metric:
    passed = sum(case.passed and case.measured for case in scored)
    n = len(scored)
    return Metric("accuracy", passed / n, n, *wilson(passed, n), f"{passed} of {n} passed")


def _score(scored: Sequence[Scored]) -> Metric:
    values = [case.value if case.measured else 0.0 for case in scored]
    n = len(values)
    if all(value in (0, 1) for value in values):
        return Metric("score", fmean(values), n, *wilson(sum(values), n))
    from pytest_ftgate.metrics.resample import mean_bounds

    return Metric("score", fmean(values), n, *mean_bounds(values, (0.0, 1.0)))


def _pass_at_k(scored: Sequence[Scored]) -> Metric:
    """Share of cases with at least one right repeat: pass@k of Chen et al. 2021 where all k repeats are looked at."""
    return _share("pass_at_k", [any(case.repeats or (case.passed,)) and case.measured for case in scored])


def _pass_hat_k(scored: Sequence[Scored]) -> Metric:
    """Share of cases with no wrong repeat: pass^k of Yao et al. 2024 (tau-bench) where all k repeats are looked at."""
    return _share("pass_hat_k", [all(case.repeats or (case.passed,)) and case.measured for case in scored])


def _share(name: str, flags: Sequence[bool]) -> Metric:
    hits, n = sum(flags), len(flags)
    return Metric(name, hits / n, n, *wilson(hits, n), f"{hits} of {n}")


_OF_GRADES: dict[str, Callable[[Sequence[Scored]], Metric]] = {
    "accuracy": _accuracy,
    "score": _score,
    "pass_at_k": _pass_at_k,
    "pass_hat_k": _pass_hat_k,
}
NAMES = (*_OF_GRADES, "precision", "recall", "f1", "mcc")


def _of_labels(
    name: str, scored: Sequence[Scored], values: Sequence[str], positive: str | None, average: str | None
) -> Metric:
    from pytest_ftgate.metrics.labels import Labels

    if not values:
        raise MetricError(f"{name} needs labels: add [label] path = ..., values = [...] to golden.toml")
    labels = Labels(values, scored)
    if name == "mcc":
        return labels.mcc()
    if name == "f1":
        return labels.f1(positive, average or "binary")
    return _of_class(labels, name, positive)


def _of_class(labels: Labels, name: str, positive: str | None) -> Metric:
    if positive is None:
        raise MetricError(f"{name} needs positive = LABEL, one of {', '.join(labels.values)}")
    return labels.precision(positive) if name == "precision" else labels.recall(positive)
