"""What a log shows of a long step."""

from __future__ import annotations

import io
import re
import threading
import time

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
        "  baseline: 30/300 after 10 s, 3/s, about 2 min left",
        "  baseline: 60/300 after 20 s, 3/s, about 80 s left",
        "  baseline: 290/300 after 60 s, 4.83/s, about 2 s left",
        "  baseline: 300/300 after 70 s, 4.29/s",
    ]


def test_a_resumed_training_counts_from_where_it_was(clock, lines):
    with progress(lines, None) as advance:
        for clock.now, step in ((0, 100), (10, 110), (20, 120)):
            advance(step, "loss 0.310", 180)
    assert lines == [
        "  baseline: 110/180 after 10 s, 1/s, about 70 s left loss 0.310",
        "  baseline: 120/180 after 20 s, 1/s, about 60 s left loss 0.310",
    ]


def test_of_what_nobody_knows_the_end_no_time_is_left(clock, lines):
    with progress(lines, None) as advance:
        for clock.now in (0, 10):
            advance(0, "starting")
    assert lines == ["  baseline: starting after 10 s"]


def test_rows_pass_through_and_are_counted(clock, lines):
    rows = Console(io.StringIO(), lines.append).counted("rows", range(1000), 1000)
    found = []
    for row in rows:
        found.append(row)
        clock.now = row / 20
    assert found == list(range(1000))
    assert lines == [
        "  rows: 256/1000 after 13 s",
        "  rows: 512/1000 after 26 s, 20/s, about 24 s left",
        "  rows: 768/1000 after 38 s, 20/s, about 12 s left",
    ]


def test_work_that_cannot_be_counted_shows_that_it_goes_on(lines, monkeypatch):
    monkeypatch.setattr(module, "LOG_EVERY_S", 0.5)
    said = threading.Event()
    console = Console(io.StringIO(), lambda text: (lines.append(text), said.set()))
    with console.step("packing"):
        assert said.wait(60)
    assert lines[0].startswith("  packing: waiting after ")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_short_step_shows_nothing_on_a_terminal(clock):
    screen = Terminal()
    with Console(screen, print).progress("short", 10) as advance:
        for clock.now in (0.0, 1.0):
            advance(3, "")
    assert screen.getvalue() == ""


def test_a_bar_on_a_terminal_has_the_rate_and_what_is_now(clock):
    screen = Terminal()
    with Console(screen, print).progress("long", 1000) as advance:
        for clock.now, done in ((0.0, 0), (3.0, 30), (4.0, 40), (6.0, 60)):
            advance(done, "loss 0.31")
    assert "long" in screen.getvalue()
    assert "/1000" in screen.getvalue()
    assert "loss 0.31" in screen.getvalue()


def test_work_that_is_silent_for_long_shows_its_last_state_again(lines, monkeypatch):
    monkeypatch.setattr(module, "LOG_EVERY_S", 0.1)
    console = Console(io.StringIO(), lines.append)
    with console.progress("fine-tune", None) as advance, module.kept_alive(advance) as shown:
        shown(3, "loss 0.5", 60)
        lines.clear()
        while not lines:
            time.sleep(0.05)
    assert re.fullmatch(r"  fine-tune: 3/60 after \d+ s loss 0.5", lines[0])
