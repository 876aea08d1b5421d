"""How one server takes its requests -> how many may be under way to it, and from when on.

Additive increase, multiplicative decrease, as TCP does it: an answer makes room for a little more, a request that was
turned away halves the window. A pause is for all requests to the server.
"""

from __future__ import annotations

import time

from pytest_ftgate.serve.retry import SHORTEST_WAIT_S, RequestError, Retry

FIRST = 16
"""Requests that are sent at first to a server whose depth is unknown."""

GROWTH = 3
"""What each answer adds until the first limit: so the window becomes four times as large with each round trip."""

FEW = 4.0
"""The window of a server that takes some and turns some away: one that hangs must not hold up all others. Where all are
turned away it may become smaller."""

TELLING = 20
"""Answers after the first limit that say how many a minute has."""


class Window:
    """The window of one server; used in the pool's thread alone.

    most: requests that may be under way at all. size: that may be under way now, 1 or more. By `time.monotonic()`:
    resume_at, before which nothing is sent; taken_at, when the last request came back that the server had taken;
    refusing_since, when the first was sent that it turned away after that, 0 if there is none.
    """

    def __init__(self, most: int, first: int, retry: Retry) -> None:
        self.most, self.size, self._retry = most, float(min(first, most)), retry
        self.resume_at = self.taken_at = self.refusing_since = 0.0
        self._growth: float = GROWTH
        self._shrunk_at = 0.0
        self._in_a_row = 0
        self._limits = self._answers = 0
        self._limited_at = self._answered_at = 0.0
        self._paused_s = 0.0
        self._from = self._least = self.size

    def hold(self, most: int) -> None:
        """Let no more than these be under way."""
        self.most, self.size = most, min(self.size, float(most))

    def answered(self) -> None:
        """The server answered a request."""
        self.taken()
        if self._limits:
            self._answers += 1
            self._answered_at = self.taken_at
        if self.size < self.most:
            self.size = min(float(self.most), self.size + (self._growth or 1 / self.size))

    def taken(self) -> None:
        """The server took a request, whatever came of it."""
        self.taken_at, self.refusing_since = time.monotonic(), 0.0
        self._in_a_row = 0

    def limited(self, error: RequestError, sent: float, longest_s: float) -> None:
        """The server turned a request away that was `sent`: pause, at most `longest_s`, then send fewer at one time.

        Those that were under way before the window became smaller tell nothing of its new size.
        """
        self._limits += 1
        self.refusing_since = self.refusing_since or sent
        self._limited_at = self._limited_at or time.monotonic()
        if sent >= self._shrunk_at:
            self._in_a_row += 1
            self._shrink()
        wait_s = self._retry.wait_s(self._in_a_row, error.wait_s)
        at_least_s = SHORTEST_WAIT_S * 2.0 ** min(self._in_a_row, 20) / 2
        self.pause(min(max(wait_s, at_least_s), longest_s))

    def pause(self, seconds: float) -> None:
        """Send nothing for so long; what is under way goes on."""
        now = time.monotonic()
        until = now + min(seconds, self._retry.longest_wait_s)
        if until > self.resume_at:
            self._paused_s += until - max(now, self.resume_at)
            self.resume_at = until

    def to_json(self) -> dict[str, int]:
        """How the server limited us, in whole numbers; {} if it did not.

        limited: requests that it turned away. limited_ms: of pauses so far. window_from, window_to: the size before the
        first limit, and the smallest. answered_per_minute: since the first limit, if enough were answered to tell.
        """
        if not self._limits:
            return {}
        answered_s = max(0.001, self._answered_at - self._limited_at)
        rate = {"answered_per_minute": int(60 * self._answers / answered_s)} if self._answers >= TELLING else {}
        return rate | {
            "limited": self._limits,
            "limited_ms": round(1000 * (self._paused_s - max(0.0, self.resume_at - time.monotonic()))),
            "window_from": int(self._from),
            "window_to": int(self._least),
        }

    def _shrink(self) -> None:
        if self._growth:
            self._growth, self._from = 0.0, self.size
        self._shrunk_at = time.monotonic()
        least = min(self.size, FEW) if self._in_a_row == 1 else 1.0
        self.size = max(least, self.size / 2)
        self._least = min(self.size, self._least)
