"""(RunReport, grades) -> latency, tokens and money, with the difference to the other model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_ftgate.pipeline.report.html.numbers import MINUS, metric, plain
from pytest_ftgate.pipeline.report.html.render import Section, section
from pytest_ftgate.pipeline.report.traffic import traffic_lines

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.report.html.grades import Column, SetGrades
    from pytest_ftgate.pipeline.report.run_report import RunReport

_NAMES = {
    "p50_ms": "latency p50",
    "p95_ms": "latency p95",
    "tokens": "tokens of an answer",
    "cost_per_1k": "cost of 1,000 requests",
}
_TRAFFIC = {"total_ms": "total", "queue_ms": "in the queue", "ttft_ms": "first token"}


def spent(report: RunReport, grades: Sequence[SetGrades]) -> Section | None:
    """None where nothing was asked."""
    sets = [found for found in map(_of_set, grades) if found["rows"]]
    times = [row for fact in report.traffic for row in _times(fact)]
    lines = list(traffic_lines(report.traffic, report.counts))[:1]
    return section("spent", "Latency, tokens, money", sets=sets, times=times, lines=lines) if sets or times else None


def _of_set(grades: SetGrades) -> dict[str, Any]:
    columns = [column for column in grades.columns if column.spent]
    first = columns[0].spent if columns else {}
    rows = [
        {
            "name": name,
            "cells": [_cell(column, key, first[key], place) for place, column in enumerate(columns)],
        }
        for key, name in _NAMES.items()
        if key in first
    ]
    return {"set": grades.set, "columns": [column.title for column in columns], "rows": rows}


def _cell(column: Column, key: str, first: float, place: int) -> str:
    """The others with the first's difference to them; one that this run tested with its own difference to the first."""
    value = column.spent.get(key)
    if value is None:
        return ""
    later = column.role in {"tested", "candidate"}
    now, then = (value, first) if later else (first, value)
    if place == 0 or not then:
        return metric(value, key)
    change = round(100 * (now - then) / then)
    told = f"{change:+,}".replace("-", MINUS)
    return f"{metric(value, key)} ({'' if later else 'now '}{told} %)"


def _times(fact: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for key, name in _TRAFFIC.items():
        if fact[key]:
            yield {"set": fact["set"], "name": name, "values": [metric(value, key) for value in fact[key]]}
    if fact["tokens_per_s"]:
        values = [plain(value) for value in fact["tokens_per_s"]]
        yield {"set": fact["set"], "name": "tokens per second, reached by", "values": values}
