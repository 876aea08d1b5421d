"""(what was asked) -> its answer from an earlier run, here (diskcache) or anywhere in a team (Redis).

A cache avoids asking the same twice; the journal is what this project has measured. So answers from a cache are never
journalled, never timed, and always told of. Answers are kept as JSON text; a text that cannot be read is a miss.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from pytest_ftgate.errors import FtgateError, MissingExtra
from pytest_ftgate.files.escape import one_line, printable
from pytest_ftgate.files.secrets import secret_address
from pytest_ftgate.serve.response import Response

KEEP_S = 30 * 24 * 3600
"""An answer that was not asked for again is dropped after 30 days."""
_CHUNK = 500


class CacheError(FtgateError):
    """A cache does not answer."""


class Cache(Protocol):
    """Answers by digest of all that decides them."""

    @property
    def place(self) -> str:
        """Where it is, for people; holds no password."""

    def get(self, keys: Sequence[str]) -> dict[str, Response]:
        """Those of the answers that it has. Raises CacheError."""

    def put(self, answers: Mapping[str, Response]) -> None:
        """Keep the answers. Raises CacheError."""


def open_cache(url: str, folder: Path, shown: str, scope: str) -> Cache:
    """The cache at a Redis address, else the one in a folder. scope: further things that decide an answer.

    Raises MissingExtra, CacheError.
    """
    prefix = f"ftgate:1:{hashlib.sha256(scope.encode()).hexdigest()[:16]}:"
    return RedisCache(url, prefix) if url else LocalCache(folder, shown, prefix)


def can_be_local() -> bool:
    """Whether diskcache is installed."""
    from importlib.util import find_spec

    return find_spec("diskcache") is not None


class LocalCache:
    """In a folder of this machine, at most 1 GB; what was used longest ago is dropped first."""

    def __init__(self, folder: Path, shown: str, prefix: str) -> None:
        self.place = shown
        self._folder, self._prefix = folder, prefix

    def get(self, keys: Sequence[str]) -> dict[str, Response]:
        """See Cache."""
        if not self._folder.exists():
            return {}
        with self._open() as disk:
            texts = {key: disk.get(self._prefix + key) for key in keys}
        return dict(_read(texts))

    def put(self, answers: Mapping[str, Response]) -> None:
        """See Cache."""
        if not answers:
            return
        with self._open() as disk:
            for key, answer in answers.items():
                disk.set(self._prefix + key, _written(answer), expire=KEEP_S)

    @contextmanager
    def _open(self) -> Iterator[Any]:
        """The cache inside one transaction, which is many times faster than one for each answer."""
        try:
            import diskcache
        except ImportError:
            raise MissingExtra("a local cache", "cache") from None
        import sqlite3

        try:
            with diskcache.Cache(str(self._folder), eviction_policy="least-recently-used") as disk, disk.transact():
                yield disk
        except (OSError, sqlite3.Error, diskcache.Timeout) as error:
            raise CacheError(
                f"cannot use the cache in {self.place}: {error}; delete it, or pass --ftgate-cache off"
            ) from None


class RedisCache:
    """On a Redis server; the address may hold a password, which is never shown."""

    def __init__(self, url: str, prefix: str) -> None:
        try:
            import redis
        except ImportError:
            raise MissingExtra("a Redis cache", "cache") from None
        self.place = printable(secret_address(url))
        self._prefix = prefix
        try:
            self._client: Any = redis.Redis.from_url(url, socket_timeout=10, socket_connect_timeout=5)
        except ValueError as error:
            raise CacheError(f"ftgate_cache_url: {self.place} is not a Redis URL: {one_line(str(error))}") from None

    def get(self, keys: Sequence[str]) -> dict[str, Response]:
        """See Cache."""
        found: dict[str, Any] = {}
        with self._told():
            for chunk in _chunks(keys):
                texts = self._client.mget([self._prefix + key for key in chunk])
                found |= dict(zip(chunk, texts, strict=True))
        return dict(_read(found))

    def put(self, answers: Mapping[str, Response]) -> None:
        """See Cache."""
        with self._told():
            for chunk in _chunks(list(answers)):
                pipe = self._client.pipeline(transaction=False)
                for key in chunk:
                    pipe.set(self._prefix + key, _written(answers[key]), ex=KEEP_S)
                pipe.execute()

    @contextmanager
    def _told(self) -> Iterator[None]:
        import redis

        try:
            yield
        except redis.RedisError as error:
            raise CacheError(f"no response from the cache at {self.place}: {one_line(str(error))}") from None


def _chunks(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    return (keys[start : start + _CHUNK] for start in range(0, len(keys), _CHUNK))


def _written(answer: Response) -> str:
    return json.dumps(answer.to_json())


def _read(texts: Mapping[str, object]) -> Iterator[tuple[str, Response]]:
    for key, text in texts.items():
        if isinstance(text, str | bytes):
            try:
                yield key, Response.from_json(json.loads(text))
            except (ValueError, TypeError, AttributeError):
                continue
