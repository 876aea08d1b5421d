"""Attempts at one server -> has it died? The circuit breaker of the pool and of the paid APIs."""

from __future__ import annotations

import time
from dataclasses import dataclass

from pytest_ftgate.serve.retry import RequestError

SILENT = frozenset({"connection", "timeout"})
"""Kinds of RequestError after which nothing is known of the server: not even a status came."""

SILENT_S = 30.0


@dataclass(slots=True)
class Breaker:
    """Opens when a server is silent for good; what was not sent to it then is not sent any more.

    An attempt that broke off or timed out opens it if, since the last answer of any kind (a status of 500 is one), both
    hold: `failures` requests were given up, each after all its retries; and `silent_s` seconds have passed, or, if it
    timed out, `limits` times its time limit where that is longer. So a server that is restarted, that is late with
    everything for a while, or whose connection one request breaks, is asked on. reason: why it is open, "" if it is
    not; it stays open. server: its address.
    """

    server: str
    failures: int = 5
    silent_s: float = SILENT_S
    limits: float = 3.0
    reason: str = ""
    _given_up: int = 0
    _silent_since: float | None = None
    _answered: float = 0.0

    def answered(self) -> None:
        """The server said something."""
        self._given_up, self._silent_since, self._answered = 0, None, time.monotonic()

    def failed(self, error: RequestError, sent: float, timeout_s: float, *, given_up: bool) -> None:
        """An attempt got no answer. sent: by `time.monotonic()`. timeout_s: its time limit. given_up: the last one."""
        if error.kind not in SILENT:
            self.answered()
            return
        self._given_up += given_up
        if self._silent_since is None:
            self._silent_since = max(sent, self._answered)
        silent_s = time.monotonic() - self._silent_since
        enough_s = max(self.silent_s, self.limits * timeout_s if error.kind == "timeout" else 0.0)
        if not self.reason and self._given_up >= self.failures and silent_s >= enough_s:
            self.reason = f"{self.server} no longer answers: nothing for {silent_s:.0f} s, at last {error.text}"
