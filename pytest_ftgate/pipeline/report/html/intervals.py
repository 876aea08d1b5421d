"""Intervals on one axis -> a row of SVG for each, and one for the axis: a table column that is a forest plot."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from pytest_ftgate.pipeline.report.html.numbers import points, share, share_tick, tick
from pytest_ftgate.pipeline.report.html.svg import Axis, dot, drawing, label, line, rectangle

_HEIGHT = 30
_MIDDLE = 15.0
_NEAR = 5.0
"""Per cent of the width from an end, where a label in the middle would be cut."""


@dataclass(frozen=True, slots=True)
class Interval:
    """lower, upper: None where there is no bound on that side. limit: the line that the bound is compared with.

    above: the values from the limit up are the good ones, else those below it. tone: "good", "bad", "warn" or "plain".
    """

    name: str
    value: float
    lower: float | None = None
    upper: float | None = None
    limit: float | None = None
    above: bool = True
    tone: str = "plain"

    def values(self) -> Iterator[float]:
        """All that its axis must show."""
        yield from (each for each in (self.value, self.lower, self.upper, self.limit) if each is not None)


@dataclass(frozen=True, slots=True)
class Forest:
    """rows: drawn on one axis. zero: where "no difference" is, None for shares. shown: a value as text; tick: as its
    axis has it.
    """

    rows: Sequence[Interval]
    axis: Axis
    shown: Callable[[float], str]
    tick: Callable[[float], str]
    zero: float | None = None

    def row(self, interval: Interval) -> Markup:
        """The picture of one interval, told in words too."""
        return drawing(interval.name, self.told(interval), _HEIGHT, self._parts(interval), "interval")

    def told(self, interval: Interval) -> str:
        """Such as "champion: -1.3, between -4.1 and +1.6, limit -3.0"."""
        low, high = (None if each is None else self.shown(each) for each in (interval.lower, interval.upper))
        bounds = f", between {low} and {high}" if low and high else f", at least {low}" if low else ""
        limit = "" if interval.limit is None else f", limit {self.shown(interval.limit)}"
        return f"{interval.name}: {self.shown(interval.value)}{bounds}{limit}"

    def scale(self) -> Markup:
        """The axis with its values, for the end of the table."""
        ticks = [(self.axis.at(place), self.tick(place)) for place in self.axis.ticks()]
        parts = [
            part for x, text in ticks for part in (line(x, 0, x, 5, "axis"), label(x, 18, text, anchor=_anchor(x)))
        ]
        return drawing("axis", f"axis from {ticks[0][1]} to {ticks[-1][1]}" if ticks else "axis", 22, parts, "scale")

    def _parts(self, interval: Interval) -> Iterator[Markup]:
        at = self.axis.at
        if interval.limit is not None:
            edge = at(interval.limit)
            yield (
                rectangle(0, 0, edge, _HEIGHT, "beyond")
                if interval.above
                else rectangle(edge, 0, 100, _HEIGHT, "beyond")
            )
        yield from (line(at(place), 0, at(place), _HEIGHT, "grid") for place in self.axis.ticks())
        if self.zero is not None:
            yield line(at(self.zero), 0, at(self.zero), _HEIGHT, "zero")
        if interval.limit is not None:
            yield line(at(interval.limit), 0, at(interval.limit), _HEIGHT, "limit")
        yield from self._whiskers(interval)
        yield dot(at(interval.value), _MIDDLE, f"mark {interval.tone}")

    def _whiskers(self, interval: Interval) -> Iterator[Markup]:
        if interval.lower is None and interval.upper is None:
            return
        ends = [None if each is None else self.axis.at(each) for each in (interval.lower, interval.upper)]
        left, right = ends[0] if ends[0] is not None else 0.0, ends[1] if ends[1] is not None else 100.0
        yield line(left, _MIDDLE, right, _MIDDLE, f"whisker {interval.tone}")
        yield from (line(end, 9, end, 21, f"whisker {interval.tone}") for end in ends if end is not None)


def _anchor(x: float) -> str:
    """So that no label at an end of the axis is cut."""
    return "start" if x < _NEAR else "end" if x > 100 - _NEAR else "middle"


def of_differences(rows: Sequence[Interval]) -> Forest:
    """Differences of shares, in points, with no difference among them."""
    axis = Axis.over([0.0, *(value for row in rows for value in row.values())], step=0.04)
    return Forest(rows, axis, points, tick, 0.0)


def of_shares(rows: Sequence[Interval]) -> Forest:
    """From 0 to 100 %."""
    return Forest(rows, Axis(0.0, 1.0), share, share_tick)
