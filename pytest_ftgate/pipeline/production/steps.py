"""What a command does, one after the other -> seconds of each step, for the line that it prints."""

from __future__ import annotations

import time


class Steps:
    """Seconds between the calls of `done`."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._begin = self._last = time.monotonic()

    def done(self, name: str) -> None:
        """The step that began with the last call has ended."""
        now = time.monotonic()
        self.seconds[name], self._last = now - self._last, now

    @property
    def total(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._begin

    def __str__(self) -> str:
        return ", ".join(f"{name} {seconds:.1f} s" for name, seconds in self.seconds.items())
