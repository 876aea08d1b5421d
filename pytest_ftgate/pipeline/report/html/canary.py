"""RunReport.nights -> each champion's drop below its reference runs, over one night and over several."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_ftgate.pipeline.canary.rule import LEAST_DROP
from pytest_ftgate.pipeline.report.html.intervals import Interval, of_differences
from pytest_ftgate.pipeline.report.html.render import Section, section

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.report.run_report import RunReport


def canary(report: RunReport) -> Section | None:
    """None for a run that watched no champion."""
    found = [_of_night(night) for night in report.nights if night["lines"] or night.get("windows")]
    return section("canary", "Canary", nights=found) if found else None


def _of_night(night: Mapping[str, Any]) -> dict[str, Any]:
    windows = [_window(*window) for window in night.get("windows", ())]
    forest = of_differences([interval for _, interval in windows])
    version = f" v{night['version']}" if night["version"] else ""
    return {
        "name": f"{night['task']}{version}{', ' + night['of'] if 'of' in night else ''}",
        "night": night.get("night"),
        "rows": [row | {"plot": forest.row(interval)} for row, interval in windows],
        "scale": forest.scale() if windows else "",
        "lines": night["lines"],
    }


def _window(length: int, nights: int, drop: float, z: float) -> tuple[dict[str, Any], Interval]:
    name = f"{nights} of the last {length} {'night' if length == 1 else 'nights'}"
    tone = "bad" if drop > LEAST_DROP else "plain"
    return {"name": name, "drop": drop, "z": z}, Interval(name, -drop, limit=-LEAST_DROP, tone=tone)
