"""Whatever bytes, headers and JSON a server sends: an answer or a reason without one, in every reader of answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.faults.wire import Asked, FaultyServer, Wire, http
from pytest_ftgate.serve.api.openai_transport import parsed_reply
from pytest_ftgate.serve.client.completion import read_completion
from pytest_ftgate.serve.client.control_http import get
from pytest_ftgate.serve.client.pool import Pool, Request
from pytest_ftgate.serve.client.stream import read_stream
from pytest_ftgate.serve.engine import Endpoint
from pytest_ftgate.serve.retry import RequestError, Retry

KEYS = [
    "choices",
    "message",
    "delta",
    "content",
    "text",
    "type",
    "thinking",
    "refusal",
    "reasoning",
    "reasoning_content",
    "tool_calls",
    "function_call",
    "function",
    "name",
    "arguments",
    "index",
    "finish_reason",
    "usage",
    "prompt_tokens",
    "completion_tokens",
    "prompt_tokens_details",
    "error",
    "system_fingerprint",
]
SCALARS = st.sampled_from(
    ["", "stop", "length", "<think>", "</think>a", "\ud800", 0, 1, -1, True, None, 1e300, float("nan"), float("inf")]
)
JSON = st.recursive(
    SCALARS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from(KEYS), below, max_size=5),
    max_leaves=20,
)
MESSAGES = st.dictionaries(st.sampled_from(KEYS), JSON, max_size=6)
CHOICES = st.fixed_dictionaries({"message": MESSAGES, "delta": MESSAGES, "finish_reason": SCALARS | JSON})
COMPLETIONS = st.fixed_dictionaries({"choices": st.lists(CHOICES | JSON, max_size=2), "usage": JSON})
BODIES = st.binary(max_size=80) | (COMPLETIONS | JSON).map(json.dumps).map(str.encode)
LINES = BODIES.map(lambda body: b"data: " + body) | st.sampled_from([b"", b"data: [DONE]", b"data:", b": x", b"\xff"])
HEADERS = st.sampled_from(
    [
        {"Content-Type": "application/json"},
        {"Content-Type": "text/event-stream"},
        {"Content-Type": "\xe9;charset=\xff"},
        {"Content-Type": "-", "Content-Encoding": "gzip"},
        {"Content-Encoding": "br, nothing"},
        {"Content-Length": "-5"},
        {"Content-Length": "7" * 400},
        {"Transfer-Encoding": "chunked"},
        {"Retry-After": "\xff", "Location": "http://[::1"},
        {"Set-Cookie": "a=\x01; Max-Age=x", "Connection": "\xfe"},
    ]
)
STATUSES = st.sampled_from([200, 200, 200, 204, 302, 400, 401, 429, 500, 999])


def storable(found: object) -> None:
    """What was read can be written to a file."""
    json.dumps(found, ensure_ascii=False, default=list).encode()


@given(BODIES)
def test_a_body(raw):
    for read in (read_completion, lambda body: parsed_reply(body, tools=True), lambda body: parsed_reply(body, False)):
        try:
            found = read(raw)
        except RequestError:
            continue
        storable(found if isinstance(found, dict) else [found.input, found.text])


@given(st.lists(LINES, max_size=6))
def test_a_stream(given_lines):
    async def lines():
        for line in given_lines:
            yield line

    with suppress(RequestError):
        storable(asyncio.run(read_stream(lines(), 0.0)))


@pytest.fixture(scope="module")
def said() -> list[bytes]:
    """What the server of `pool` sends next."""
    return [b""]


@pytest.fixture(scope="module")
def server(said) -> Iterator[FaultyServer]:
    def reply(wire: Wire, _: Asked) -> None:
        wire.send(said[0])
        wire.close()

    with FaultyServer({"q": reply}, models=reply) as server:
        yield server


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool(4, Retry(attempts=1, timeouts=1)) as pool:
        yield pool


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(BODIES, HEADERS, STATUSES, st.booleans())
def test_a_reply_over_a_connection(said, server, pool, body, headers, status, raw):
    said[0] = body if raw else http(body, status=status, headers=headers)
    request = Request("k", "a", [{"role": "user", "content": "q"}], {}, timeout_s=30.0)
    response = pool.submit(Endpoint(server.base_url, "mock"), "m", [request])["k"].result(60)
    assert response.finish_reason in {"stop", "length", "error"}
    storable(response.to_json())
    get(f"{server.base_url}/models")
