"""Progress of long steps -> a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Protocol, TextIO, TypeVar

from pytest_ftgate.files.escape import printable

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

LOG_EVERY_S = 10.0
BAR_AFTER_S = 2.0
"""A step that is done sooner shows nothing on a terminal."""
_ROWS = 256
"""Rows between two looks at the clock."""
T = TypeVar("T")


class Advance(Protocol):
    """Called with how much is done so far, a short text about now ("loss 0.31"), and the whole once it is known."""

    def __call__(self, done: int, now: str, total: int | None = None) -> None:
        """Show it."""


class Console:
    """Where long steps show that they are alive.

    file: a stream that pytest does not capture. write_line: prints one line there. quiet: nothing is shown. still: no
    progress is shown.
    """

    def __init__(
        self, file: TextIO, write_line: Callable[[str], None], *, quiet: bool = False, still: bool = False
    ) -> None:
        self._file = file
        self._quiet, self._still = quiet, quiet or still
        self._write_line = write_line

    def line(self, text: str) -> None:
        """Print one line, escaped and without secrets; nothing if quiet."""
        if not self._quiet:
            self._write_line(printable(text))

    @contextmanager
    def progress(self, label: str, total: int | None) -> Iterator[Advance]:
        """`with console.progress("fine-tune", 60) as advance: advance(12, "loss 0.31")`; total None = unknown."""
        if self._still:
            yield _ignore
        elif self._file.isatty():
            bar = _LateBar(self._file, label, total)
            try:
                yield bar
            finally:
                bar.close()
        else:
            yield self.lines(label, total)

    def lines(self, label: str, total: int | None) -> Advance:
        """Progress as a line now and then, on a terminal too: beside what pytest itself prints there."""
        return _ignore if self._still else _log_lines(label, total, self.line)

    def counted(self, label: str, rows: Iterable[T], total: int | None = None) -> Iterator[T]:
        """The rows, with progress while they are used: how many, how fast, and what is left if the total is known."""
        with self.progress(label, total) as advance:
            for done, row in enumerate(rows, 1):
                yield row
                if done % _ROWS == 0:
                    advance(done, "", total)

    @contextmanager
    def step(self, label: str) -> Iterator[None]:
        """Around work that cannot say how far it is: shows that it goes on, and for how long."""
        with self.progress(label, None) as advance, kept_alive(advance):
            yield


@contextmanager
def kept_alive(advance: Advance) -> Iterator[Advance]:
    """The same, and each second once more what it was called with last: for work that is silent for long."""
    over, one_at_a_time = Event(), Lock()
    last: tuple[int, str] | tuple[int, str, int] = (0, "")

    def remembered(done: int, now: str, total: int | None = None) -> None:
        nonlocal last
        with one_at_a_time:
            last = (done, now) if total is None else (done, now, total)
            advance(*last)

    def tick() -> None:
        while not over.wait(1.0):
            with one_at_a_time:
                advance(*last)

    ticking = Thread(target=tick, daemon=True)
    ticking.start()
    try:
        yield remembered
    finally:
        over.set()
        ticking.join()


class _LateBar:
    """A bar on a terminal, from the moment that a step has lasted `BAR_AFTER_S`."""

    def __init__(self, file: TextIO, label: str, total: int | None) -> None:
        self._file, self._label, self._total = file, label, total
        self._begun = time.monotonic()
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __call__(self, done: int, now: str, total: int | None = None) -> None:
        self._total = total or self._total
        if self._bar is None:
            if time.monotonic() - self._begun < BAR_AFTER_S:
                return
            self._bar = _bar(self._file)
            self._bar.start()
            self._task = self._bar.add_task(printable(self._label), total=self._total, now="")
        if self._task is not None:
            self._bar.update(self._task, completed=done, now=printable(now), total=self._total)

    def close(self) -> None:
        """Leave nothing of it on the screen."""
        if self._bar is not None:
            self._bar.stop()


def silent() -> Console:
    """A console that says nothing, for library use and tests."""
    import sys

    return Console(sys.stderr, lambda _text: None, quiet=True)


def _ignore(done: int, now: str, total: int | None = None) -> None:
    pass


def _bar(file: TextIO) -> Progress:
    from rich.console import Console as RichConsole
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        """What is done in a second; empty while that is not known."""

        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:.3g}/s" if task.speed else "")

    columns = (
        TextColumn("  {task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        Rate(),
        TimeElapsedColumn(),
        TextColumn("eta"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[now]}", markup=False),
    )
    return Progress(*columns, console=RichConsole(file=file), transient=True, refresh_per_second=4)


def _log_lines(label: str, total: int | None, write_line: Callable[[str], None]) -> Advance:
    begun = last = time.monotonic()
    first: tuple[int, float] | None = None  # where the counting began, and when: a resumed training is not at 0

    def advance(done: int, now: str, total: int | None = total) -> None:
        nonlocal last, first
        moment = time.monotonic()
        first = first or (done, moment)
        if moment - last < LOG_EVERY_S:
            return
        last = moment
        count, beside = (f"{done}/{total}" if total else f"{done}", now) if done else (now or "waiting", "")
        pace = _pace(done - first[0], moment - first[1], total - done if total else 0)
        write_line(f"  {label}: {count} after {moment - begun:.0f} s{pace} {beside}".rstrip())

    return advance


def _pace(done: int, seconds: float, to_do: int) -> str:
    """As in ", 4.2/s, about 3 min left"; nothing while nothing is done."""
    if done <= 0 or seconds <= 0:
        return ""
    rate = f", {done / seconds:.3g}/s"
    if to_do <= 0:
        return rate
    left = seconds / done * to_do
    return f"{rate}, about {left / 60:.0f} min left" if left >= 90 else f"{rate}, about {left:.0f} s left"
