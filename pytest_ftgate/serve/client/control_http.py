"""(address, key, body) -> (status, JSON): the few plain requests that start and look after a server.

Standard library only and synchronous: what runs hundreds at a time is the pool's.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from pytest_ftgate.files.escape import one_line
from pytest_ftgate.files.secrets import Secret, mask

UNREACHABLE = 0
"""Status if there was no HTTP answer at all; the text then says why."""


def get(url: str, api_key: str = "", timeout_s: float = 5.0, proxy: str | None = None) -> tuple[int, Any]:
    """Status and parsed body (or text, if it is no JSON) of a GET; (0, reason) if nothing answers."""
    return _send(urllib.request.Request(url), api_key, timeout_s, proxy)  # noqa: S310 - address of the user's server


def post(url: str, body: Mapping[str, Any], api_key: str = "", timeout_s: float = 60.0) -> tuple[int, Any]:
    """The same for a POST of JSON."""
    data = json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 - as above
    return _send(request, api_key, timeout_s, None)


def _send(request: urllib.request.Request, api_key: str, timeout_s: float, proxy: str | None) -> tuple[int, Any]:
    if api_key:
        request.add_header("Authorization", Secret(f"Bearer {api_key}"))
    proxies = {"http": proxy, "https": proxy} if proxy else {}
    opener = urllib.request.build_opener(urllib.request.ProxyHandler(proxies))
    try:
        with opener.open(request, timeout=timeout_s) as reply:
            return reply.status, _parse(reply.read())
    except urllib.error.HTTPError as error:
        return error.code, _refusal(error.read())
    except (OSError, ValueError) as error:
        return UNREACHABLE, one_line(str(getattr(error, "reason", error)))


def _parse(raw: bytes) -> Any:
    text = mask(raw.decode("utf-8", "replace"))
    try:
        return json.loads(text)
    except ValueError:
        return text


def _refusal(raw: bytes) -> Any:
    """The same for an error, which ends in a message: a text is one line, escaped."""
    said = _parse(raw)
    return one_line(said) if isinstance(said, str) else said


def model_names(body: Any) -> list[str]:
    """The names in the answer of /v1/models; empty if it is no such answer."""
    listed = body.get("data", []) if isinstance(body, dict) else []
    return [str(entry["id"]) for entry in listed if isinstance(entry, dict) and "id" in entry]
