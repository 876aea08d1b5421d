"""RunReport.scores -> confusion matrix and F1 of each label."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pytest_ftgate.metrics.intervals import f1_bounds
from pytest_ftgate.pipeline.report.html.intervals import Interval, of_shares
from pytest_ftgate.pipeline.report.html.render import Section, section

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.report.run_report import RunReport

WIDEST = 20
"""Labels of a matrix that fits a page; of more the pairs that are confused most often are shown."""
_PAIRS = 40


def confusion(report: RunReport) -> Section | None:
    """None without a labelled set."""
    found = [_of_score(score) for score in report.scores if score.get("matrix")]
    return section("confusion", "Labels", scores=found) if found else None


def _of_score(score: Mapping[str, Any]) -> dict[str, Any]:
    matrix = score["matrix"]
    rows, columns = matrix["rows"], matrix["columns"]
    counts = [[0] * len(columns) for _ in rows]
    for row, column, count in matrix["cells"]:
        counts[row][column] = count
    labels = list(_labels(rows, counts))
    forest = of_shares([interval for _, interval in labels])
    wide = len(rows) > WIDEST
    return {
        "set": score["set"],
        "title": score["title"],
        "columns": [] if wide else columns,
        "rows": [] if wide else [_row(place, row, counts[place]) for place, row in enumerate(rows)],
        "pairs": _pairs(matrix) if wide else [],
        "labels": [row | {"plot": forest.row(interval)} for row, interval in labels],
        "scale": forest.scale(),
    }


def _row(place: int, label: str, counts: list[int]) -> dict[str, Any]:
    """heat: 0 to 4, of the share of the row's cases."""
    total = sum(counts)
    cells = [
        {"count": count, "right": column == place, "heat": -(-4 * count // total) if total else 0}
        for column, count in enumerate(counts)
    ]
    return {"label": label, "cells": cells}


def _pairs(matrix: Mapping[str, Any]) -> list[dict[str, Any]]:
    wrong = [cell for cell in matrix["cells"] if cell[0] != cell[1]]
    wrong.sort(key=lambda cell: (-cell[2], cell[0], cell[1]))
    return [
        {"expected": matrix["rows"][row], "predicted": matrix["columns"][column], "count": count}
        for row, column, count in wrong[:_PAIRS]
    ]


def _labels(rows: list[str], counts: list[list[int]]) -> Iterator[tuple[dict[str, Any], Interval]]:
    """F1 with Wilson's bounds on TP / (TP + FP + FN), of the labels that a case expects."""
    for place, label in enumerate(rows):
        hits, expected = counts[place][place], sum(counts[place])
        claimed = sum(row[place] for row in counts)
        if expected:
            value = 2 * hits / (expected + claimed)
            lower, upper = f1_bounds(hits, claimed - hits, expected - hits)
            row = {"label": label, "value": value, "lower": lower, "upper": upper, "n": expected, "claimed": claimed}
            yield row, Interval(label, value, lower, upper, tone="accent")
