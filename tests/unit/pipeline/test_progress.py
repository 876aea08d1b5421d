"""What a log shows of a long step."""

from __future__ import annotations

import io

import pytest

from pytest_ftgate.pipeline import progress as module
from pytest_ftgate.pipeline.progress import Console


@pytest.fixture
def clock(monkeypatch):
    """Set `clock.now`, in seconds."""

    class Clock:
        now = 0.0

    monkeypatch.setattr(module.time, "monotonic", lambda: Clock.now)
    return Clock


@pytest.fixture
def lines():
    return []


def progress(lines, total):
    return Console(io.StringIO(), lines.append).progress("baseline", total)


def test_a_line_every_ten_seconds_with_the_time_left(clock, lines):
    with progress(lines, 300) as advance:
        for clock.now, done in ((0, 0), (5, 20), (10, 30), (15, 50), (20, 60), (60, 290), (70, 300)):
            advance(done, "")
    assert lines == [
        "  baseline: 30/300 after 10 s, about 90 s left".replace("90 s", "2 min"),
        "  baseline: 60/300 after 20 s, about 80 s left",
        "  baseline: 290/300 after 60 s, about 2 s left",
        "  baseline: 300/300 after 70 s",
    ]


def test_a_resumed_training_counts_from_where_it_was(clock, lines):
    with progress(lines, None) as advance:
        for clock.now, step in ((0, 100), (10, 110), (20, 120)):
            advance(step, "loss 0.310", 180)
    assert lines == [
        "  baseline: 110/180 after 10 s, about 70 s left loss 0.310",
        "  baseline: 120/180 after 20 s, about 60 s left loss 0.310",
    ]


def test_of_what_nobody_knows_the_end_no_time_is_left(clock, lines):
    with progress(lines, None) as advance:
        for clock.now in (0, 10):
            advance(0, "starting")
    assert lines == ["  baseline: waiting after 10 s starting"]
