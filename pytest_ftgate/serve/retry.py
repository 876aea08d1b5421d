"""(what went wrong with an attempt at a request, which attempt) -> seconds to wait before the next, or no hope."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from pytest_ftgate.files.escape import one_line
from pytest_ftgate.files.secrets import mask

HOPELESS = frozenset({"refused", "denied", "filtered"})
"""Kinds of error that are never retried."""


class RequestError(Exception):
    """An attempt without an answer.

    kind: rate_limited, overloaded, server_error, timeout, connection, malformed: retried; "denied" (401, 403, 404),
    "filtered" (something other than the model held the answer back) and "refused" (any other 4xx, a redirect, or no
    answer that can be read): never. wait_s: what the server asked for, None if it did
    not. billed: whether the request may have been answered, and so paid, though no answer arrived. status: of HTTP, 0
    if there was no answer. text: may quote the server; it is kept in one line, escaped, and without secrets.
    """

    def __init__(
        self, kind: str, text: str, wait_s: float | None = None, billed: bool = False, status: int = 0
    ) -> None:
        text = one_line(text)
        super().__init__(text)
        self.kind, self.text, self.wait_s, self.billed, self.status = kind, text, wait_s, billed, status


@dataclass(frozen=True, slots=True)
class Retry:
    """When to give up.

    attempts: how often a request is sent in all, after 429, 5xx and broken connections. timeouts: the same after a
    passed time limit. first_wait_s doubles with each attempt up to longest_wait_s, which also caps a Retry-After.
    """

    attempts: int = 5
    timeouts: int = 2
    first_wait_s: float = 0.5
    longest_wait_s: float = 60.0

    def gives_up(self, error: RequestError, attempt: int) -> bool:
        """Whether there is no hope after `attempt` (1-based) failed."""
        most = self.timeouts if error.kind == "timeout" else self.attempts
        return error.kind in HOPELESS or attempt >= most

    def wait_s(self, attempt: int, asked: float | None = None) -> float:
        """Seconds before the next attempt after `attempt` (1-based) failed; jitter keeps them apart.

        asked: how long the server wants to be left alone, in seconds; None if it did not say.
        """
        if asked is not None:
            return min(asked, self.longest_wait_s)
        most = min(self.longest_wait_s, self.first_wait_s * 2.0 ** (attempt - 1))
        return most * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, no secret


def of_status(status: int, text: str, retry_after: str, hint: str = "") -> RequestError:
    """The error that an HTTP status is. retry_after: the header, "" if there is none. hint: what helps, if known."""
    kind = _kind_of(status)
    wait_s = None if kind in HOPELESS else retry_after_s(retry_after)
    return RequestError(kind, f"HTTP {status}: {mask(text)[:500]}{hint}", wait_s, status=status)


def _kind_of(status: int) -> str:
    named = {429: "rate_limited", 529: "overloaded", 401: "denied", 403: "denied", 404: "denied"}
    return named.get(status) or ("server_error" if status >= 500 else "refused")


def retry_after_s(value: str) -> float | None:
    """Seconds of a Retry-After header, which is a number or an HTTP date (RFC 9110, 10.2.3); None if it is neither."""
    try:
        seconds = float(value)
    except ValueError:
        return _seconds_until(value)
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _seconds_until(value: str) -> float | None:
    try:
        when = parsedate_to_datetime(value)
        return max(0.0, (when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
