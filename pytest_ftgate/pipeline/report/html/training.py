"""RunReport.pipelines -> training curves with the epoch that was kept, epochs, parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pytest_ftgate.pipeline.report.html.numbers import plain
from pytest_ftgate.pipeline.report.html.render import Section, section
from pytest_ftgate.pipeline.report.html.svg import Axis, dot, drawing, label, line

if TYPE_CHECKING:
    from markupsafe import Markup

    from pytest_ftgate.pipeline.report.run_report import RunReport

MOST = 240
"""Points of a curve that are drawn."""
_HEIGHT = 170.0
_TOP = 10.0
_LEFT = 3.5


def training(report: RunReport) -> Section | None:
    """None where nothing was trained."""
    found = [_of_pipeline(fact) for fact in report.pipelines if fact.get("epochs") or fact.get("curves")]
    return section("training", "Training", pipelines=found) if found else None


def _of_pipeline(fact: Mapping[str, Any]) -> dict[str, Any]:
    epochs, best = fact.get("epochs", []), fact.get("best_epoch")
    kept = next((epoch["step"] for epoch in epochs if epoch["epoch"] == best), None)
    curves = {name: curve for name, curve in fact.get("curves", {}).items() if len(curve) > 1}
    return {
        "task": fact["task"],
        "base": fact["base"],
        "method": fact.get("method", ""),
        "best": best,
        "epochs": epochs,
        "curves": [(name, drawn(name, curve, kept)) for name, curve in curves.items()],
        "params": fact.get("params", {}),
        "metrics": fact.get("metrics", {}),
    }


def thinned(curve: Sequence[Sequence[float]]) -> list[Sequence[float]]:
    """At most so many points as are drawn, evenly spaced, the last among them."""
    if len(curve) <= MOST:
        return list(curve)
    return [curve[round(place * (len(curve) - 1) / (MOST - 1))] for place in range(MOST)]


def drawn(name: str, curve: Sequence[Sequence[float]], kept: float | None) -> Markup:
    """kept: step of the epoch whose adapter was taken."""
    steps, values = [float(point[0]) for point in curve], [float(point[1]) for point in curve]
    until = f"; the epoch that was kept ended at step {kept:.0f}" if kept is not None else ""
    told = (
        f"{name}: from {plain(values[0])} at step {steps[0]:.0f} to {plain(values[-1])} at step {steps[-1]:.0f}{until}"
    )
    return drawing(name, told, int(_HEIGHT) + 24, _parts(curve, kept), "curve")


def _parts(curve: Sequence[Sequence[float]], kept: float | None) -> Iterator[Markup]:
    steps = [float(point[0]) for point in curve]
    x, y = Axis(steps[0], max(steps[-1], steps[0] + 1)), Axis.over(float(point[1]) for point in curve)

    def across(step: float) -> float:
        return _LEFT + x.at(step) * (100 - _LEFT) / 100

    def height(value: float) -> float:
        return _TOP + (_HEIGHT - _TOP) * (100 - y.at(value)) / 100

    for tick in y.ticks():
        yield line(_LEFT + 2, height(tick), 100, height(tick), "grid")
        yield label(_LEFT + 1.5, height(tick) + 4, plain(tick), anchor="end")
    for tick in x.ticks():
        yield label(across(tick), _HEIGHT + 18, plain(tick))
    if kept is not None:
        yield line(across(kept), _TOP, across(kept), _HEIGHT, "limit")
        yield label(across(kept) - 0.5, _TOP + 8, "kept", "tick", "end")
    points = thinned(curve)
    for (x1, y1), (x2, y2) in pairwise(points):
        yield line(across(x1), height(y1), across(x2), height(y2), "stroke")
    yield dot(across(points[-1][0]), height(points[-1][1]), "mark accent", 3.5)
