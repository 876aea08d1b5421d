"""(address, key, body) -> (status, JSON): the few plain requests that start and look after a server.

Synchronous, each with one time limit for all of it, so that no server can keep a caller waiting; what runs hundreds at
a time is the pool's.
"""

from __future__ import annotations

import asyncio
import errno
import json
import threading
from collections.abc import Mapping
from typing import Any

from pytest_ftgate.files.escape import one_line
from pytest_ftgate.files.secrets import mask
from pytest_ftgate.serve.address import key_headers
from pytest_ftgate.serve.client.future import Pending
from pytest_ftgate.serve.client.proxy import proxy_for
from pytest_ftgate.serve.client.reply_body import REDIRECTS, parse_json, read_body, storable, storable_json
from pytest_ftgate.serve.retry import RequestError

UNREACHABLE = 0
"""Status if there was no HTTP answer that could be read; the text then says why."""

GRACE_S = 2.0
"""Added to a request's time limit where something cannot be broken off, such as a name that is being looked up."""

Answer = tuple[int, Any]


def get(url: str, api_key: str = "", timeout_s: float = 5.0) -> Answer:
    """Status and parsed body (or text, if it is no JSON) of a GET; (0, reason) if nothing answers.

    timeout_s: limit for all of it, from looking up the name to the last byte. A redirect is not followed; the text
    names its target. Never raises for what a server does.
    """
    return _send("GET", url, None, api_key, timeout_s)


def post(url: str, body: Mapping[str, Any], api_key: str = "", timeout_s: float = 60.0) -> Answer:
    """The same for a POST of JSON."""
    return _send("POST", url, body, api_key, timeout_s)


def _send(method: str, url: str, body: Mapping[str, Any] | None, api_key: str, timeout_s: float) -> Answer:
    """In a thread with a loop of its own: the caller may have one that runs, and Ctrl-C reaches who waits."""
    answer: Pending[Answer] = Pending()

    def run() -> None:
        try:
            answer.set_result(asyncio.run(_exchange(method, url, body, api_key, timeout_s)))
        except Exception as error:  # noqa: BLE001 - what a server can do to the libraries that read it has no end
            answer.set_result((UNREACHABLE, storable(_why(error, timeout_s))))

    threading.Thread(target=run, name="ftgate-control", daemon=True).start()
    try:
        return answer.result(timeout_s + GRACE_S)
    except TimeoutError as late:
        return UNREACHABLE, _why(late, timeout_s)


async def _exchange(method: str, url: str, body: Mapping[str, Any] | None, api_key: str, timeout_s: float) -> Answer:
    import aiohttp

    no_limit = aiohttp.ClientTimeout(total=None)  # but the one around all of it
    async with (
        asyncio.timeout(timeout_s),
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), timeout=no_limit) as session,
        session.request(
            method, url, json=body, headers=key_headers(url, api_key), proxy=proxy_for(url), allow_redirects=False
        ) as reply,
    ):
        if reply.status in REDIRECTS:
            return reply.status, f"redirects to {mask(storable(reply.headers.get('Location', '')))[:500]!r}"
        return reply.status, _parse(await read_body(reply.content))


def _why(error: Exception, timeout_s: float) -> str:
    """Why there is no answer."""
    import aiohttp

    if isinstance(error, TimeoutError):
        return f"no answer within {timeout_s:g} s"
    if isinstance(error, aiohttp.InvalidURL):
        return "not an address of the form http://HOST:PORT/v1"
    if isinstance(error, OSError) and error.errno == errno.ECONNREFUSED:
        return "connection refused"
    if isinstance(error, aiohttp.ClientConnectorError | RequestError | ValueError):
        return str(error)
    return f"{type(error).__name__}: {error}"


def _parse(raw: bytes) -> Any:
    text = mask(raw.decode("utf-8", "replace"))
    try:
        found = storable_json(parse_json(text.encode()))
        written = json.dumps(found)
        masked = mask(written)  # again: in JSON, a key may have been written in escapes
        return found if masked == written else json.loads(masked)
    except (ValueError, RecursionError):
        return text


def _refusal(raw: bytes) -> Any:
    """The same for an error, which ends in a message: a text is one line, escaped."""
    said = _parse(raw)
    return one_line(said) if isinstance(said, str) else said


def model_names(body: Any) -> list[str]:
    """The names in the answer of /v1/models; empty if it is no such answer."""
    listed = body.get("data") if isinstance(body, dict) else None
    entries = listed if isinstance(listed, list) else []
    return [str(entry["id"]) for entry in entries if isinstance(entry, dict) and "id" in entry]
