"""RunReport.columns -> models and prompts of one run side by side, the gain of each over the first as an interval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_ftgate.pipeline.report.html.intervals import Forest, Interval, of_differences
from pytest_ftgate.pipeline.report.html.numbers import bounds, plain, points, share, waited
from pytest_ftgate.pipeline.report.html.render import Section, section

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.report.run_report import RunReport


def prompts(report: RunReport) -> Section | None:
    """None for a run of one model with one prompt."""
    found = [_of_set(fact) for fact in report.columns if fact["columns"]]
    return section("prompts", "Models and prompts", sets=found) if found else None


def _of_set(fact: Mapping[str, Any]) -> dict[str, Any]:
    known = {column["label"]: interval for column in fact["columns"] if (interval := _gain(column)) is not None}
    forest = of_differences(list(known.values()))
    rows = [_row(column) | _plot(forest, known.get(column["label"])) for column in fact["columns"]]
    facts = {key: fact[key] for key in ("set", "n", "asked", "unmeasured")}
    return facts | {"first": fact["columns"][0]["label"], "rows": rows, "scale": forest.scale()}


def _plot(forest: Forest, interval: Interval | None) -> dict[str, Any]:
    return {"plot": forest.row(interval) if interval else ""}


def _row(column: Mapping[str, Any]) -> dict[str, Any]:
    against = column.get("against", {})
    changed = f"{len(against['fixed'])} fixed, {len(against['broken'])} broken" if against else ""
    gain = f"{points(against['gain'])} points" if "gain" in against else ""
    value = column.get("score") or column.get("accuracy")
    return {
        "label": column["label"],
        "score": f"{share(value[0])} {bounds(*value[1:])}" if value else "",
        "gain": gain,
        "changed": changed,
        "p50": waited(column.get("p50_ms")),
        "tokens": plain(column.get("tokens")),
        "cost": plain(column.get("cost_per_1k")),
    }


def _gain(column: Mapping[str, Any]) -> Interval | None:
    against = column.get("against", {})
    if "gain" not in against:
        return None
    tone = "good" if against["lower"] > 0 else "bad" if against["upper"] < 0 else "plain"
    return Interval(column["label"], against["gain"], against["lower"], against["upper"], tone=tone)
