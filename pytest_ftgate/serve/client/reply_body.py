"""What a server sends -> bytes, lines, JSON and text that are safe to keep: a limit on the size, no half characters."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

from pytest_ftgate.files.secrets import mask
from pytest_ftgate.serve.retry import RequestError

if TYPE_CHECKING:
    import aiohttp

MOST_BYTES = 16 * 2**20
"""Bytes that one answer may have, decompressed: far more than any model writes, far less than fills the memory."""

REDIRECTS = frozenset({301, 302, 303, 307, 308})


async def read_body(content: aiohttp.StreamReader, most: int = MOST_BYTES) -> bytes:
    """The whole body, decompressed. Raises RequestError "refused" as soon as it is longer than `most` bytes."""
    size = Size(most)
    return b"".join([size.add(chunk) async for chunk in content.iter_any()])


async def read_lines(content: aiohttp.StreamReader, most: int = MOST_BYTES) -> AsyncGenerator[bytes, None]:
    """The lines of a stream as they come, without their ends, however long. Raises RequestError as `read_body`."""
    size = Size(most)
    parts: list[bytes] = []
    async for chunk in content.iter_any():
        first, *others = size.add(chunk).split(b"\n")
        parts.append(first)
        for part in others:
            yield b"".join(parts).rstrip(b"\r")
            parts = [part]
    yield b"".join(parts)


class Size:
    """Bytes read so far, at most `most`: aiohttp decompresses no more than is read, so a bomb never goes off."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most, self._read = most, 0

    def add(self, chunk: bytes) -> bytes:
        """The same chunk. Raises RequestError if it is too much."""
        self._read += len(chunk)
        if self._read > self._most:
            raise RequestError("refused", f"the answer is larger than {self._most / 2**20:g} MiB; not read any further")
        return chunk


def parse_json(raw: bytes | str) -> Any:
    """A JSON value. Raises ValueError for everything else, also for one too deeply nested or with too long a number."""
    try:
        return json.loads(raw)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def storable(text: str) -> str:
    """The text with U+FFFD for half of a surrogate pair, which no file can hold; two halves that meet are joined."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def storable_json(value: Any) -> Any:
    """A JSON value with every text in it, names too, made `storable`. Raises ValueError if it is nested too deeply."""
    try:
        return _storable_json(value)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _storable_json(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [_storable_json(each) for each in value]
    if isinstance(value, dict):
        return {storable(name): _storable_json(each) for name, each in value.items()}
    return value


def redirected(status: int, location: str) -> RequestError:
    """The refusal of a redirect, which is never followed: the request holds a key and prompts."""
    target = mask(storable(location))[:500]
    return RequestError("refused", f"HTTP {status}: redirects to {target!r}; give that address", status=status)
