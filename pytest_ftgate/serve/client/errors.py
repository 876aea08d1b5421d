"""Why an attempt at a request gave no answer."""

from __future__ import annotations


class RequestError(Exception):
    """An attempt without an answer.

    kind: "rate_limited", "server_error", "timeout", "connection", or "refused" (never retried).
    wait_s: what the server asked for, None if it did not.
    """

    def __init__(self, kind: str, text: str, wait_s: float | None = None) -> None:
        super().__init__(text)
        self.kind, self.text, self.wait_s = kind, text, wait_s
