"""(what was asked, of which model) -> the answer of an earlier request, kept in Redis for all replicas.

A cache may be down: then there is none, and no request fails or waits for it longer than a quarter of a second.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from pytest_ftgate.errors import MissingExtra, ServeError
from pytest_ftgate.files.digest import digest_of
from pytest_ftgate.files.escape import one_line, printable
from pytest_ftgate.files.secrets import secret_address
from pytest_ftgate.serve.front.metrics import FrontMetrics

PATHS = frozenset({"/v1/chat/completions", "/v1/completions", "/v1/messages"})
IGNORED = frozenset({"model", "stream", "stream_options", "user"})
"""Fields of a request that do not change its answer; the model is in the digest."""

LIMIT_S = 0.25
LIMITS: dict[str, Any] = {"socket_timeout": LIMIT_S, "socket_connect_timeout": LIMIT_S}
PAUSE_S = 5.0
"""Seconds in which a cache that did not answer is left alone."""


def key_of(digest: str, path: str, fields: Mapping[str, Any]) -> str:
    """The key of a request whose answer is always the same; "" for any other.

    That is one at temperature 0, or with a seed, which does not stream. digest: of the model with its engine.
    """
    temperature = fields.get("temperature")
    drawn = temperature != 0 or isinstance(temperature, bool)
    if path not in PATHS or fields.get("stream") or (drawn and not isinstance(fields.get("seed"), int)):
        return ""
    try:
        return digest_of([digest, path, {name: value for name, value in fields.items() if name not in IGNORED}])
    except (ValueError, RecursionError):  # NaN and the like, which the engine may refuse
        return ""


class ResultCache:
    """Bodies of answers in Redis. ttl_s: seconds that an answer is kept. Raises MissingExtra, ServeError."""

    def __init__(self, url: str, ttl_s: int, metrics: FrontMetrics) -> None:
        try:
            from redis.asyncio import Redis
            from redis.asyncio.retry import Retry
            from redis.backoff import NoBackoff
        except ImportError:
            raise MissingExtra("--cache", "cache") from None
        self.place, self._ttl_s, self._metrics = printable(secret_address(url)), ttl_s, metrics
        self._pause_until = 0.0
        try:
            self._redis: Any = Redis.from_url(url, **LIMITS, retry=Retry(NoBackoff(), 0))
        except ValueError as error:
            raise ServeError(f"--cache: {self.place} is not a Redis URL: {one_line(str(error))}") from None
        pool: Any = self._redis.connection_pool
        pool.connection_kwargs |= {**LIMITS, "decode_responses": False}  # also where the URL says otherwise
        try:
            pool.make_connection()  # which connects to nothing yet
        except (TypeError, ValueError) as error:
            raise ServeError(
                f"--cache: {self.place} has an option that Redis does not: {one_line(str(error))}"
            ) from None

    async def get(self, key: str) -> bytes | None:
        """The body of an earlier answer."""
        found: bytes | None = await self._asked("get", key)
        (self._metrics.cache_misses if found is None else self._metrics.cache_hits).inc()
        return found

    async def put(self, key: str, body: bytes) -> None:
        """Keep an answer."""
        await self._asked("set", key, body, ex=self._ttl_s)

    async def _asked(self, command: str, key: str, *args: Any, **options: Any) -> Any:
        from redis import RedisError

        if time.monotonic() < self._pause_until:
            return None
        try:
            return await getattr(self._redis, command)(f"ftgate:answer:2:{key}", *args, **options)
        except (RedisError, OSError, TimeoutError):
            self._metrics.cache_errors.inc()
            self._pause_until = time.monotonic() + PAUSE_S
            return None

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()
