"""Events of the trainer -> the curves of an MLflow run while it trains. What fails here never fails the training."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.train.events import FILE as EVENTS
from pytest_ftgate.train.events import read_events, step_curves

if TYPE_CHECKING:
    from pytest_ftgate.registry import Registry

EVERY_S = 5.0
"""Seconds between two calls of the store."""

VALIDATION = ("score", "loss", "perplexity")


class LiveCurves:
    """Takes the trainer's events; `around` a training it ends the run as the training ended."""

    def __init__(self, registry: Registry, task: str, folder: Path, say: Callable[[str], None]) -> None:
        self._folder, self._say = folder, say
        self._run = registry.live_run(task, folder)
        self._waiting: list[dict[str, Any]] = []
        self._begun = self._broken = False
        self._sent = 0.0

    def __call__(self, event: dict[str, Any]) -> None:
        """Keep the event; send what has come together, now and then."""
        if event["event"] not in {"step", "validation"}:
            return
        self._waiting.append(event)
        if time.monotonic() - self._sent > EVERY_S:
            self._send()

    @contextmanager
    def around(self) -> Iterator[None]:
        """FINISHED, FAILED for an error, KILLED for Ctrl-C; nothing where nothing was trained."""
        status = "KILLED"
        try:
            yield
            status = "FINISHED"
        except Exception:
            status = "FAILED"
            raise
        finally:
            if self._begun or self._waiting:
                self._send()
                self._try(lambda: self._run.end(status))

    def _send(self) -> None:
        self._try(self._log)
        self._waiting.clear()
        self._sent = time.monotonic()

    def _log(self) -> None:
        if not self._begun:
            self._run.begin()
            self._begun = True
            self._waiting = read_events(self._folder / EVENTS)  # also those that a killed session did not send
        self._run.log(curves_of(self._waiting))

    def _try(self, do: Callable[[], None]) -> None:
        if self._broken:
            return
        try:
            do()
        except FtgateError as error:
            self._broken = True
            self._say(f"no live curves, they are logged at the end: {error}")


def curves_of(events: list[dict[str, Any]]) -> dict[str, list[tuple[int, float]]]:
    """Name -> (step, value) pairs, under the names that the finished run has."""
    scored = [event for event in events if event["event"] == "validation"]
    marks = {
        f"validation_{name}": [(event["step"], float(event[name])) for event in scored if name in event]
        for name in VALIDATION
    }
    return {**step_curves(events), **marks}
