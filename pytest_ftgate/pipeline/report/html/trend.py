"""Runs of one model on one golden set -> a plot of their scores over time, each with its bounds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from pytest_ftgate.pipeline.report.html.numbers import share, share_tick
from pytest_ftgate.pipeline.report.html.svg import Axis, dot, drawing, label, line

if TYPE_CHECKING:
    from markupsafe import Markup

MOST = 60
"""Runs of a plot, the newest; all are in the table."""
_HEIGHT = 150.0
_TOP = 12.0
_LEFT = 5.0


@dataclass(frozen=True, slots=True)
class Point:
    """One run. at: Unix time in seconds. value, lower, upper: shares. note: what happened then, such as "v3".
    part: "12 of 40 cases" of a run that did not measure the whole set.
    """

    at: float
    value: float
    lower: float
    upper: float
    note: str = ""
    part: str = ""


def scale(series: Iterable[Sequence[Point]]) -> Axis:
    """One axis for all plots of a golden set, so that a lower line is a lower score."""
    shown = (each for points in series for each in points[-MOST:])
    return Axis.over([value for each in shown for value in (each.lower, each.upper)], step=0.1)


def trend(name: str, points: Sequence[Point], y: Axis) -> Markup:
    """points: the oldest first, one or more. They stand at even distances, so that a busy day hides none.

    y: see `scale`.
    """
    shown = points[-MOST:]
    first, last, when = shown[0], shown[-1], _clock(shown)
    told = (
        f"{name}: {len(shown)} run{'' if len(shown) == 1 else 's'} from {when(first.at)} to {when(last.at)}; "
        f"first {share(first.value)}, last {share(last.value)}, between {share(last.lower)} and {share(last.upper)}"
    )
    parts = sum(bool(each.part) for each in shown)
    told += f"; {parts} of a part of the set" if parts else ""
    return drawing(name, told, int(_HEIGHT) + 24, _parts(shown, y), "curve")


def _parts(points: Sequence[Point], y: Axis) -> Iterator[Markup]:
    when = _clock(points)

    def across(place: int) -> float:
        return _LEFT + 4 + (100 - _LEFT - 8) * (place + 0.5) / len(points)

    def height(value: float) -> float:
        return _TOP + (_HEIGHT - _TOP) * (100 - y.at(value)) / 100

    for tick in y.ticks():
        yield line(_LEFT + 2, height(tick), 100, height(tick), "grid")
        yield label(_LEFT + 1.5, height(tick) + 4, share_tick(tick), anchor="end")
    for (place, one), (_, other) in pairwise(enumerate(points)):
        yield line(across(place), height(one.value), across(place + 1), height(other.value), "stroke")
    for place, each in enumerate(points):
        x = across(place)
        if each.note:
            yield line(x, _TOP, x, _HEIGHT, "limit")
            yield label(x, _TOP - 2, each.note)
        yield line(x, height(each.lower), x, height(each.upper), "whisker plain")
        kind, of = ("mark hollow", f" of {each.part}") if each.part else ("mark accent", "")
        yield dot(x, height(each.value), kind, 4, f"{when(each.at)}: {share(each.value)}{of}")
    yield label(across(0), _HEIGHT + 18, when(points[0].at), anchor="start")
    if len(points) > 1:
        yield label(
            across(len(points) - 1),
            _HEIGHT + 18,
            when(points[-1].at).removeprefix(f"{_day(points[0].at)} "),
            anchor="end",
        )


def _clock(points: Sequence[Point]) -> Callable[[float], str]:
    """Days; of runs of one day minutes."""
    one_day = len(points) > 1 and _day(points[0].at) == _day(points[-1].at)
    return _minute if one_day else _day


def _minute(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.gmtime(at))


def _day(at: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(at))
