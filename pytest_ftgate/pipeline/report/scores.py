"""Evaluation -> how good the answers of this run were: of the set and of its slices, as JSON values.

Nothing is asked, waited for or graded here: a run that was stopped has the score of what it had graded. The intervals
are those of the set's metrics, so that no score has two: of a share by Wilson, of a mean of grades by resampling.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from math import fsum
from typing import TYPE_CHECKING, Any

from pytest_ftgate.graders.grade import Failure, Grade
from pytest_ftgate.metrics.intervals import wilson

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.evaluation import Evaluation
    from pytest_ftgate.golden.case import Case
    from pytest_ftgate.metrics.base import Scored
    from pytest_ftgate.metrics.confusion import Confusion
    from pytest_ftgate.metrics.intervals import Bounds


def scores(evaluation: Evaluation, title: str) -> dict[str, Any]:
    """Of one model on one golden set. title: how the model is called.

    cases: of the whole set; n: with a grade; unscored, failed: without one. metrics: accuracy, the mean grade if it is
    another number, macro F1 where labelled; value, lower and upper in [0, 1], None where there is no interval.
    confusion: lines; matrix: the same as `Confusion.to_json`. slices: {"slice": "lang=de", "n", "value", "lower",
    "upper"}, of `measure`, the lowest first.
    """
    graded = evaluation.scored_so_far
    scored = [(case, score) for case, outcome, score in graded if isinstance(outcome, Grade)]
    measure = "score" if any(score.value not in (0, 1) for _, score in scored) else "accuracy"
    confusion = _confusion(evaluation, [score for _, score in scored])
    failed = sum(isinstance(outcome, Failure) for _, outcome, _ in graded)
    return {
        "set": evaluation.suite.title,
        "title": title,
        "cases": len(evaluation.suite.cases),
        "n": len(scored),
        "unscored": len(graded) - len(scored) - failed,
        "failed": failed,
        "metrics": list(_metrics([score for _, score in scored], measure, confusion)),
        "confusion": confusion.lines_in_short() if confusion else [],
        "matrix": confusion.to_json() if confusion else None,
        "measure": measure,
        "slices": sorted(_slices(scored, measure), key=lambda part: (part["value"], part["slice"])),
    }


def _metrics(scored: Sequence[Scored], measure: str, confusion: Confusion | None) -> Iterator[dict[str, Any]]:
    for name in dict.fromkeys(["accuracy", measure]):
        if scored:
            yield {"name": name} | _share([_worth(score, name) for score in scored])
    if confusion:
        value = confusion.macro_f1()
        yield {"name": "f1-macro", "value": value, "lower": None, "upper": None, "n": confusion.cases}


def _slices(scored: Sequence[tuple[Case, Scored]], measure: str) -> Iterator[dict[str, Any]]:
    worth: Mapping[str, list[float]] = defaultdict(list)
    for case, score in scored:
        for name, value in case.slices.items():
            worth[f"{name}={value}"].append(_worth(score, measure))
    yield from ({"slice": part} | _share(values) for part, values in worth.items())


def _worth(score: Scored, measure: str) -> float:
    return score.value if measure == "score" else float(score.passed)


def _share(values: Sequence[float]) -> dict[str, Any]:
    n = len(values)
    total = min(fsum(values), float(n))
    lower, upper = wilson(total, n) if all(value in (0, 1) for value in values) else _of_mean(values)
    return {"value": total / n, "lower": lower, "upper": upper, "n": n}


def _of_mean(values: Sequence[float]) -> Bounds:
    from pytest_ftgate.metrics.resample import mean_bounds

    return mean_bounds(values, (0.0, 1.0))


def _confusion(evaluation: Evaluation, scored: Sequence[Scored]) -> Confusion | None:
    """None where the set names no labels, or no case that was graded expects one."""
    label = evaluation.suite.golden.label
    known = [score for score in scored if label and score.expected in label.values]
    if label is None or not known or len(set(label.values)) < 2:
        return None
    from pytest_ftgate.metrics.labels import Labels

    return Labels(label.values, known).confusion()
