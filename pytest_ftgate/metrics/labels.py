"""Expected and predicted labels of a set -> accuracy, precision, recall, F1, MCC, each with n and bounds.

Values come from scikit-learn, bounds from `intervals` (shares) and `posterior` (averages over classes).
An answer that is no known label is wrong, and no claim for any class. A case without an answer (`measured` False)
counts against the model: it is read as the wrong label that hurts the metric most.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import MetricError
from pytest_ftgate.metrics import posterior
from pytest_ftgate.metrics.base import Metric, Scored
from pytest_ftgate.metrics.confusion import NO_LABEL, NOT_MEASURED, Confusion
from pytest_ftgate.metrics.intervals import f1_bounds, wilson

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

AVERAGES = ("binary", "macro", "micro", "weighted")
_STATISTICS = {"macro": posterior.macro_f1, "micro": posterior.micro_f1, "weighted": posterior.weighted_f1}


@dataclass(frozen=True)
class Labels:
    """Metrics of one set of labelled cases.

    values: every known label, at least two. Raises MetricError if there is no case, or a case expects none of them.
    """

    values: tuple[str, ...]
    scored: tuple[Scored, ...]

    def __init__(self, values: Sequence[str], scored: Sequence[Scored]) -> None:
        object.__setattr__(self, "values", tuple(values))
        object.__setattr__(self, "scored", tuple(scored))
        _check(self.values, self.scored)

    def accuracy(self) -> Metric:
        """Share of cases whose predicted label is the expected one; Wilson bounds."""
        right = sum(case.measured and case.predicted == case.expected for case in self.scored)
        n = len(self.scored)
        return Metric("accuracy", right / n, n, *wilson(right, n), f"{right} of {n} correct")

    def precision(self, positive: str) -> Metric:
        """Share of the answers `positive` that are right; Wilson bounds. MetricError if there is no such answer."""
        from sklearn.metrics import precision_score

        tp, fp, _ = self._counts(positive)
        if tp + fp == 0:
            raise MetricError(
                f"precision({positive}) is undefined: none of {len(self.scored)} answers is '{positive}'; "
                "recall and f1 are 0"
            )
        value = self._of_class(precision_score, positive)
        return Metric(f"precision({positive})", value, len(self.scored), *wilson(tp, tp + fp), f"tp {tp}, fp {fp}")

    def recall(self, positive: str) -> Metric:
        """Share of the cases that expect `positive` which were found; Wilson bounds."""
        from sklearn.metrics import recall_score

        tp, _, fn = self._counts(positive)
        value = self._of_class(recall_score, positive)
        return Metric(f"recall({positive})", value, len(self.scored), *wilson(tp, tp + fn), f"tp {tp}, fn {fn}")

    def f1(self, positive: str | None = None, average: str = "binary") -> Metric:
        """F1 of one class (`positive`, average "binary"), or "macro" | "micro" | "weighted" over all classes.

        Bounds: Wilson on J = TP / (TP + FP + FN) for one class, seeded posterior draws of the table for averages.
        """
        self._check_average(positive, average)
        if average == "binary" and positive is not None:
            return self._f1_of(positive)
        return self._f1_over_all(average)

    def mcc(self) -> Metric:
        """Matthews correlation over all classes, in [-1, 1]; 0 is guessing. Bounds by seeded posterior draws."""
        from sklearn.metrics import matthews_corrcoef

        self._need_every_class("mcc")
        value = float(matthews_corrcoef(self._truth(), self._answers()))
        bounds = posterior.table_bounds(self._table(), posterior.mcc, value, least=-1.0)
        return Metric("mcc", value, len(self.scored), *bounds)

    def confusion(self) -> Confusion:
        """Expected against predicted labels; answers that are no known label, and missing ones, in own columns."""
        counts = Counter((case.expected, self._column(case)) for case in self.scored)
        missing = any(not case.measured for case in self.scored)
        columns = (*self.values, NO_LABEL, *([NOT_MEASURED] if missing else []))
        return Confusion(self.values, columns, tuple(tuple(counts[row, col] for col in columns) for row in self.values))

    def _f1_of(self, positive: str) -> Metric:
        from sklearn.metrics import f1_score

        tp, fp, fn = self._counts(positive)
        value = self._of_class(f1_score, positive)
        detail = f"tp {tp}, fp {fp}, fn {fn}"
        return Metric(f"f1({positive})", value, len(self.scored), *f1_bounds(tp, fp, fn), detail)

    def _f1_over_all(self, average: str) -> Metric:
        from sklearn.metrics import f1_score

        name = f"f1({average})"
        self._need_every_class(name)
        truth, answers = self._truth(), self._answers()
        value = float(f1_score(truth, answers, labels=list(self.values), average=average, zero_division=0))
        bounds = posterior.table_bounds(self._table(), _STATISTICS[average], value)
        return Metric(name, value, len(self.scored), *bounds)

    def _of_class(self, score: Any, positive: str) -> float:
        truth, answers = self._truth(), self._answers(positive)
        return float(score(truth, answers, labels=[positive], average="macro", zero_division=0))

    def _counts(self, positive: str) -> tuple[int, int, int]:
        """TP, FP and FN of one class."""
        self._need_class(positive)
        pairs = list(zip(self._truth(), self._answers(positive), strict=True))
        hit = sum(truth == answer == positive for truth, answer in pairs)
        claimed = sum(answer == positive for _, answer in pairs)
        there = sum(truth == positive for truth, _ in pairs)
        return hit, claimed - hit, there - hit

    def _table(self) -> NDArray[np.int64]:
        """Counts of shape (classes, classes + 1); the last column is NO_LABEL."""
        from sklearn.metrics import confusion_matrix

        table = confusion_matrix(self._truth(), self._answers(), labels=[*self.values, NO_LABEL])
        counts: NDArray[np.int64] = table[:-1]
        return counts

    def _truth(self) -> list[str]:
        return [str(case.expected) for case in self.scored]

    def _answers(self, positive: str | None = None) -> list[str]:
        return [self._column(case) if case.measured else self._worst(case, positive) for case in self.scored]

    def _column(self, case: Scored) -> str:
        if not case.measured:
            return NOT_MEASURED
        return case.predicted if case.predicted in self.values else NO_LABEL

    def _worst(self, case: Scored, positive: str | None) -> str:
        """The wrong label that hurts most: a false claim of the positive class, else some other class."""
        if positive is not None and case.expected != positive:
            return positive
        return next(value for value in self.values if value != case.expected)

    def _need_class(self, positive: str) -> None:
        if positive not in self.values:
            close = get_close_matches(positive, self.values, n=1)
            hint = f"; did you mean '{close[0]}'?" if close else ""
            raise MetricError(f"'{positive}' is not a known label; known: {_listed(self.values)}{hint}")
        if all(case.expected != positive for case in self.scored):
            raise MetricError(
                f"class '{positive}' has no cases among the {len(self.scored)} selected; add cases with this label"
            )

    def _need_every_class(self, name: str) -> None:
        try:
            for value in self.values:
                self._need_class(value)
        except MetricError as error:
            raise MetricError(f"{name}: {error}") from None

    def _check_average(self, positive: str | None, average: str) -> None:
        if average not in AVERAGES:
            raise MetricError(f"unknown average '{average}'; known: {_listed(AVERAGES)}")
        if (average == "binary") != (positive is not None):
            raise MetricError(
                "f1 needs either positive = LABEL (the F1 of one class) or average = 'macro', 'micro' or 'weighted'; "
                f"found positive = {positive!r}, average = {average!r}; known labels: {_listed(self.values)}"
            )


def _check(values: tuple[str, ...], scored: tuple[Scored, ...]) -> None:
    if not scored:
        raise MetricError("no cases selected")
    if len(set(values)) < 2:
        raise MetricError(f"label metrics need at least two labels; found {_listed(values) or 'none'}")
    strange = [case for case in scored if case.expected not in values]
    if strange:
        found = "no label" if strange[0].expected is None else f"'{strange[0].expected}'"
        raise MetricError(
            f"case '{strange[0].case_id}' expects {found}, known labels: {_listed(values)}"
            + (f" ({len(strange)} such cases)" if len(strange) > 1 else "")
        )


def _listed(values: Sequence[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)
