"""Plots of scores over time."""

from __future__ import annotations

import re

from pytest_ftgate.pipeline.report.html.trend import Point, scale, trend


def ticks(drawn):
    """Labels of the axis of shares."""
    return [text for text in re.findall(r">([^<]*)</text>", drawn) if text.endswith("%")]


def test_plots_of_one_set_have_one_scale():
    high, low = [Point(1e9, 0.9, 0.85, 0.95)], [Point(1e9, 0.2, 0.1, 0.3)]
    y = scale([high, low])
    assert ticks(trend("a", high, y)) == ticks(trend("b", low, y)) == ["20 %", "40 %", "60 %", "80 %", "100 %"]


def test_runs_of_one_day_are_told_apart_by_the_time():
    points = [Point(at, 0.9, 0.85, 0.95) for at in (1e9, 1e9 + 3600)]
    assert ": 2 runs from 2001-09-09 01:46 to 2001-09-09 02:46;" in trend("a", points, scale([points]))
    points[1] = Point(1e9 + 90_000, 0.9, 0.85, 0.95)
    assert "from 2001-09-09 to 2001-09-10;" in trend("a", points, scale([points]))
