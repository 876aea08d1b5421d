"""Measured forms -> the table of what each costs: for a terminal, as Markdown, or as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_ftgate.gate.checks.paired import pair
from pytest_ftgate.gate.checks.parent import parent_check
from pytest_ftgate.gate.checks.result import CheckResult, points

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.pipeline.production.tradeoff import Measured

HEAD = ("form", "engine", "on disk", "peak memory", "tokens/s", "ratio", "quality", "difference", "finding")

Row = Mapping[str, Any]


def rows(measured: Sequence[Measured], suite: Suite, delta: float) -> Iterator[Row]:
    """One for each form on one golden set. delta: the margin of golden.lock, a share. Shares in [0, 1], sizes in bytes.

    The first form is what the others are compared with. lower, upper: one-sided 95 % bounds each.
    """
    first = measured[0]
    name, options = suite.metrics[0] if suite.metrics else ("score", {"name": "score"})
    reference = first.evaluations[suite.name].results
    clusters = {case.id: case.cluster for case in suite.cases}
    for each in measured:
        evaluation = each.evaluations[suite.name]
        metric = evaluation.metric(**options)
        row: dict[str, Any] = {"form": each.form, "engine": each.figures.engine, "size": each.figures.size}
        row |= {"memory": each.figures.memory, "tokens_s": each.figures.tokens_s, "earlier": each.earlier}
        row |= {"ratio": each.figures.tokens_s / first.figures.tokens_s, "metric": name, "n": len(suite.cases)}
        row |= {"value": metric.value, "lower": metric.lower, "upper": metric.upper}
        if each is not first:
            pairs = pair(evaluation.results, reference, clusters)
            check = parent_check(evaluation.results, reference, delta, clusters)
            bounds = {
                "difference": pairs.gain,
                "difference_lower": pairs.bounds[0],
                "difference_upper": pairs.bounds[1],
            }
            row |= {**bounds, "status": check.status, "finding": finding(check, delta)}
        yield row


def finding(check: CheckResult, delta: float) -> str:
    """In words, for a person who chooses a form."""
    margin = f"{100 * delta:.3g} points"
    if check.status == "pass":
        return f"not shown to be worse, loses less than {margin}"
    if check.status == "reject":
        return f"falls short by {points(-check.numbers['gain']).lstrip('+')} points"
    more = f"; about {check.cases_more:,} more cases would" if check.cases_more else ""
    return f"not shown to lose less than {margin}{more}"


def cells(row: Row) -> tuple[str, ...]:
    """The texts of a row, in the order of HEAD."""
    quality = f"{row['metric']} {row['value']:.3f} [{row['lower']:.3f}, {row['upper']:.3f}]"
    difference = ""
    if "difference" in row:
        low, high = points(row["difference_lower"]), points(row["difference_upper"])
        difference = f"{points(row['difference'])} [{low}, {high}]"
    figures = (f"{row['size'] / 1e6:,.0f} MB", f"{row['memory'] / 1e6:,.0f} MB" if row["memory"] else "unknown")
    earlier = " (measured earlier)" if row["earlier"] else ""
    speed = (f"{row['tokens_s']:,.0f}{earlier}", f"{row['ratio']:.2f}")
    return (
        row["form"],
        row["engine"],
        *figures,
        *speed,
        quality,
        difference,
        row.get("finding", "the one compared with"),
    )


def markdown(found: Sequence[Row]) -> str:
    """A table in Markdown."""
    lines = [HEAD, ("---",) * len(HEAD), *map(cells, found)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
