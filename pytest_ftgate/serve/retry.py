"""(what went wrong with an attempt at a request, which attempt) -> seconds to wait before the next, or no hope."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from pytest_ftgate.files.escape import one_line
from pytest_ftgate.files.secrets import mask
from pytest_ftgate.serve.rate_headers import asked_s, retry_after_s

HOPELESS = frozenset({"refused", "denied", "filtered"})
"""Kinds of error that are never retried."""

LIMITED = frozenset({"rate_limited", "overloaded"})
"""Kinds of error by which a server turns a request away unread: not now."""

SHORTEST_WAIT_S = 0.1
"""Before the next attempt, also where a server says that it may come at once."""

DENIED = frozenset({401, 402, 403, 404, 405})
"""Status of a request that has a wrong key, model or path, or no credit: another one would be refused as well."""

NO_CREDIT = ("insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "insufficient balance")
"""What is in the text of a 429 that no waiting helps."""


class RequestError(Exception):
    """An attempt without an answer.

    kind: rate_limited, overloaded, server_error, timeout, connection, malformed: retried; "denied" (see `DENIED`, and
    429 for want of credit), "filtered" (something other than the model held the answer back) and "refused" (any other
    4xx, a redirect, or no answer that can be read): never. wait_s: what the server asked for, None if it did not.
    billed: whether the request may have been answered, and so paid, though no answer arrived. status: of HTTP, 0 if
    there was no answer. text: may quote the server; it is kept in one line, escaped, and without secrets.
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

    attempts: how often a request is sent in all, after 5xx, broken connections and, to a paid API, 429. timeouts: the
    same after a passed time limit. first_wait_s doubles with each attempt up to longest_wait_s, which also caps a
    Retry-After.
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
            return min(max(asked, SHORTEST_WAIT_S), self.longest_wait_s)
        most = min(self.longest_wait_s, self.first_wait_s * 2.0 ** (attempt - 1))
        return most * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, no secret


def of_status(status: int, text: str, headers: Mapping[str, str], hint: str = "") -> RequestError:
    """The error that an HTTP status is. headers: of the answer. hint: what helps, if known."""
    kind = _kind_of(status, text)
    asked = asked_s if kind in LIMITED else retry_after_s
    wait_s = None if kind in HOPELESS else asked(headers)
    return RequestError(kind, f"HTTP {status}: {mask(text)[:500]}{hint}", wait_s, status=status)


def _kind_of(status: int, text: str) -> str:
    if status in DENIED or (status == 429 and any(word in text.lower() for word in NO_CREDIT)):
        return "denied"
    return {429: "rate_limited", 529: "overloaded"}.get(status) or ("server_error" if status >= 500 else "refused")
