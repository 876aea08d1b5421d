"""Attempts at one server -> is there still hope? The circuit breaker of the pool and of the paid APIs."""

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
    restarted, that is late with everything for a while, or that one request breaks, is asked on.

    A request that is denied (key, model or path) makes a server doubtful that has answered none so far; one that has
    answered must deny `failures` in a row. `deny` opens it. reason: why it is open, in a few words, "" if it is not; it
    stays open. server: its address. doubt: the first denial of a server that is doubtful, None if it is not. told:
    whether somebody was told the reason.
    """

    server: str
    failures: int = 5
    silent_s: float = SILENT_S
    limits: float = 3.0
    reason: str = ""
    doubt: RequestError | None = None
    denied: bool = False
    told: bool = False
    _given_up: int = 0
    _denials: int = 0
    _failing_since: float | None = None
    _answered: float = 0.0
    _served: bool = False

    def answered(self) -> None:
        """The server answered the request."""
        self._served, self._denials, self.doubt = True, 0, None
        self._alive()

    def failed(self, error: RequestError, sent: float, timeout_s: float, *, given_up: bool) -> None:
        """An attempt got no answer. sent: by `time.monotonic()`. timeout_s: its time limit. given_up: the last one."""
        if error.kind == "filtered":
            self.answered()
        elif error.kind not in FAILED:
            self._alive()
            self._count_denial(error)
        else:
            self._count_failure(error, sent, timeout_s, given_up=given_up)

    def _count_failure(self, error: RequestError, sent: float, timeout_s: float, *, given_up: bool) -> None:
        self._given_up += given_up
        if self._failing_since is None:
            self._failing_since = max(sent, self._answered)
        failing_s = time.monotonic() - self._failing_since
        longer_s = {"timeout": self.limits * timeout_s, "server_error": 4 * self.silent_s}.get(error.kind, 0.0)
        if not self.reason and self._given_up >= self.failures and failing_s >= max(self.silent_s, longer_s):
            self.reason = f"{self.server} no longer answers: nothing for {failing_s:.0f} s, at last {error.text[:200]}"

    def deny(self) -> None:
        """No answer came that lifts the doubt."""
        if self.doubt and not self.reason:
            self.reason, self.denied = f"not asked: {refusal(self.doubt)}", True
        self.doubt = None

    def _alive(self) -> None:
        self._given_up, self._failing_since, self._answered = 0, None, time.monotonic()

    def _count_denial(self, error: RequestError) -> None:
        if error.kind != "denied":
            self._denials = 0
            return
        self._denials += 1
        if self.doubt is None and (not self._served or self._denials >= self.failures):
            self.doubt = error


def refusal(error: RequestError) -> str:
    """In a few words, what a request that is "denied" was denied for."""
    reasons = {
        401: "the server refused the API key",
        402: "the account has no credit left",
        403: "the server refused access",
        429: "the account has no credit left",
    }
    return f"{reasons.get(error.status, 'the server has no such model or path')} (HTTP {error.status})"
