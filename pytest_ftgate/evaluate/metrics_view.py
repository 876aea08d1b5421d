"""Evaluation -> its metrics by name; what the fixture `metrics` hands out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.evaluation import Evaluation
    from pytest_ftgate.metrics.compute import Metric
    from pytest_ftgate.metrics.confusion import Confusion


class SetMetrics:
    """Metrics of one model on one golden set: `.value`, `.n`, and `.lower`, `.upper` (one-sided 95 % bounds)."""

    def __init__(self, evaluation: Evaluation) -> None:
        self._evaluation = evaluation

    def accuracy(self) -> Metric:
        """Share of cases that passed their graders."""
        return self._evaluation.metric("accuracy")

    def score(self) -> Metric:
        """Mean grade."""
        return self._evaluation.metric("score")

    def precision(self, positive: str) -> Metric:
        """Share of the answers `positive` that are right. Raises MetricError if there is no such answer."""
        return self._evaluation.metric("precision", positive=positive)

    def recall(self, positive: str) -> Metric:
        """Share of the cases `positive` that are found."""
        return self._evaluation.metric("recall", positive=positive)

    def f1(self, positive: str | None = None, average: str | None = None) -> Metric:
        """F1 of the class `positive`, or averaged over all labels: "macro" (default), "micro", "weighted"."""
        average = average or ("binary" if positive is not None else "macro")
        return self._evaluation.metric("f1", positive=positive, average=average)

    def mcc(self) -> Metric:
        """Matthews correlation coefficient, in [-1, 1]."""
        return self._evaluation.metric("mcc")

    def confusion(self) -> Confusion:
        """Counts by expected and predicted label; prints as a table."""
        return self._evaluation.confusion()

    def pass_at_k(self) -> Metric:
        """Share of cases that passed at least once in k repeats (`[request] repeats = k`)."""
        return self._evaluation.metric("pass_at_k")

    def pass_hat_k(self) -> Metric:
        """Share of cases that passed in every one of k repeats (`[request] repeats = k`)."""
        return self._evaluation.metric("pass_hat_k")

    def p95_ms(self) -> Metric:
        """95 % of the responses took no longer, in milliseconds. `upper` is infinite below 59 responses."""
        return self._evaluation.metric("p95_ms")

    def cost_per_1k(self) -> Metric:
        """Mean price of 1,000 requests. Raises MetricError without prices."""
        return self._evaluation.metric("cost_per_1k")
