"""Progress of long steps -> a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TextIO

from pytest_ftgate.files.escape import printable

if TYPE_CHECKING:
    from rich.progress import Progress

LOG_EVERY_S = 10.0


class Advance(Protocol):
    """Called with how much is done so far, a short text about now ("loss 0.31"), and the whole once it is known."""

    def __call__(self, done: int, now: str, total: int | None = None) -> None:
        """Show it."""


class Console:
    """Where long steps show that they are alive.

    file: a stream that pytest does not capture. write_line: prints one line there.
    """

    def __init__(self, file: TextIO, write_line: Callable[[str], None], *, quiet: bool = False) -> None:
        self._file = file
        self._quiet = quiet
        self._write_line = write_line

    def line(self, text: str) -> None:
        """Print one line, escaped and without secrets; nothing if quiet."""
        if not self._quiet:
            self._write_line(printable(text))

    @contextmanager
    def progress(self, label: str, total: int | None) -> Iterator[Advance]:
        """`with console.progress("fine-tune", 60) as advance: advance(12, "loss 0.31")`; total None = unknown."""
        if self._quiet:
            yield _ignore
        elif self._file.isatty():
            with _bar(self._file) as bar:
                task = bar.add_task(printable(label), total=total, now="")

                def advance(done: int, now: str, total: int | None = total) -> None:
                    bar.update(task, completed=done, now=printable(now), total=total)

                yield advance
        else:
            yield _log_lines(label, total, self.line)


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
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("  {task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
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
        count = f"{done}/{total}" if total else f"{done}" if done else "waiting"
        left = _left(done - first[0], moment - first[1], total - done) if total else ""
        write_line(f"  {label}: {count} after {moment - begun:.0f} s{left} {now}".rstrip())

    return advance


def _left(done: int, seconds: float, to_do: int) -> str:
    """As in ", about 3 min left"; nothing while nothing is done."""
    if done <= 0 or to_do <= 0:
        return ""
    left = seconds / done * to_do
    return f", about {left / 60:.0f} min left" if left >= 90 else f", about {left:.0f} s left"
