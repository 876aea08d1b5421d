"""(requests per minute, tokens per minute) -> when the next request may be sent."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

CHARACTERS_PER_TOKEN = 4
"""A guess, until the server says how many tokens a prompt had."""


class Pace:
    """What all requests to one server keep to; used in the pool's thread alone.

    None: no limit. next_at: by `time.monotonic()`, when the next request may be sent. Requests are spread evenly; one
    that is asked for in a moment of quiet goes at once. Tokens are counted as a provider counts them, prompt and
    longest answer, and put right when the answer says how many they were.
    """

    def __init__(self, requests_per_minute: float | None = None, tokens_per_minute: float | None = None) -> None:
        self._request_s = 60 / requests_per_minute if requests_per_minute else 0.0
        self._token_s = 60 / tokens_per_minute if tokens_per_minute else 0.0
        self._by_requests = self._by_tokens = 0.0

    @property
    def next_at(self) -> float:
        """By `time.monotonic()`."""
        return max(self._by_requests, self._by_tokens)

    def narrow(self, other: Pace) -> None:
        """Keep to another's limits as well."""
        self._request_s = max(self._request_s, other._request_s)
        self._token_s = max(self._token_s, other._token_s)

    def sent(self, messages: Sequence[Mapping[str, Any]], sampling: Mapping[str, Any]) -> int:
        """A request goes now; the tokens that are put down for it."""
        if not (self._request_s or self._token_s):
            return 0
        now = time.monotonic()
        if self._request_s:
            self._by_requests = max(self._by_requests, now - self._request_s) + self._request_s
        if not self._token_s:
            return 0
        tokens = _likely_tokens(messages, sampling)
        self._by_tokens = max(self._by_tokens, now) + tokens * self._token_s
        return tokens

    def used(self, put_down: int, tokens: int) -> None:
        """So many were put down for a request that then used `tokens`; 0 if the server did not say."""
        if self._token_s and tokens:
            self._by_tokens += (tokens - put_down) * self._token_s


def _likely_tokens(messages: Sequence[Mapping[str, Any]], sampling: Mapping[str, Any]) -> int:
    longest = sampling.get("max_tokens") or sampling.get("max_completion_tokens") or 0
    return len(json.dumps(messages, ensure_ascii=False)) // CHARACTERS_PER_TOKEN + int(longest)
