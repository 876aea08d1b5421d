"""Attempts at one server -> has it died? The circuit breaker of the pool and of the paid APIs."""

from __future__ import annotations

import time
from dataclasses import dataclass

from pytest_ftgate.serve.retry import RequestError

FAILED = frozenset({"connection", "timeout", "server_error"})
"""Kinds of RequestError that a dead server gives, or the gateway before it. Any other is a sign of life."""

SILENT_S = 30.0


@dataclass(slots=True)
class Breaker:
    """Opens when a server fails for good; what was not sent to it then is not sent any more.

    A failed attempt (see `FAILED`) opens it if, since the last answer of another kind, both hold: `failures` requests
    were given up, each after all its retries; and `silent_s` seconds have passed, or `limits` times its time limit if
    it timed out, or four times `silent_s` if it got a status of 5xx, whichever of these is longer. So a server that is
    restarted, that is late with everything for a while, or that one request breaks, is asked on. reason: why it is
    open, "" if it is not; it stays open. server: its address.
    """

    server: str
    failures: int = 5
    silent_s: float = SILENT_S
    limits: float = 3.0
    reason: str = ""
    _given_up: int = 0
    _failing_since: float | None = None
    _answered: float = 0.0

    def answered(self) -> None:
        """The server answered, or refused."""
        self._given_up, self._failing_since, self._answered = 0, None, time.monotonic()

    def failed(self, error: RequestError, sent: float, timeout_s: float, *, given_up: bool) -> None:
        """An attempt got no answer. sent: by `time.monotonic()`. timeout_s: its time limit. given_up: the last one."""
        if error.kind not in FAILED:
            self.answered()
            return
        self._given_up += given_up
        if self._failing_since is None:
            self._failing_since = max(sent, self._answered)
        failing_s = time.monotonic() - self._failing_since
        longer_s = {"timeout": self.limits * timeout_s, "server_error": 4 * self.silent_s}.get(error.kind, 0.0)
        if not self.reason and self._given_up >= self.failures and failing_s >= max(self.silent_s, longer_s):
            self.reason = f"{self.server} no longer answers: nothing for {failing_s:.0f} s, at last {error.text[:200]}"
