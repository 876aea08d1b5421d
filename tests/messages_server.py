"""reply(request) -> tool input or text, served as Anthropic's Messages and Batches APIs and OpenAI's chat API.

A thread of the test's process; the real SDK and a real socket are in between.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.messages_batches import Batches
from tests.messages_wire import as_completion, as_events, as_message, error_body

Body = dict[str, Any]


@dataclass(frozen=True)
class Fault:
    """Something else than an answer.

    status: HTTP status, with `text` as message and headers such as {"Retry-After": "0.01"}. hang_s: no answer for so
    long. drop: the connection is reset unanswered. raw: a body that is no message. stop_reason: of a message
    whose tool input is cut off ("max_tokens") or missing ("refusal"). break_off: a stream is reset in the middle; end_early: it ends there, as if all were well.
    """

    status: int = 200
    text: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    hang_s: float = 0.0
    drop: bool = False
    raw: str | None = None
    stop_reason: str = ""
    break_off: bool = False
    end_early: bool = False


RATE_LIMITED = Fault(429, "slow down", {"Retry-After": "0.01"})
OVERLOADED = Fault(529, "Overloaded")
BROKEN = Fault(500, "it broke")
HANGS = Fault(hang_s=30.0)
MALFORMED = Fault(raw='{"type": "message", "content": ')
RESET = Fault(drop=True)
CUT_OFF = Fault(stop_reason="max_tokens")
REFUSAL = Fault(stop_reason="refusal")
BREAKS_OFF = Fault(break_off=True)
ENDS_EARLY = Fault(end_early=True)

PASSING = (RATE_LIMITED, OVERLOADED, BROKEN, MALFORMED, RESET)
"""Faults that an attempt more overcomes, without waiting for a time limit."""


def text_of(request: Body) -> str:
    """The last message's text: what was asked, by which the server counts."""
    content = request["messages"][-1]["content"]
    return content if isinstance(content, str) else "".join(block.get("text", "") for block in content)


def at_random(rate: float, seed: int = 0, kinds: tuple[Fault, ...] = PASSING) -> Callable[[str, int], Fault | None]:
    """Faults in that share of attempts: the same for the same seed, text and attempt, whatever the order."""

    def fault(text: str, attempt: int) -> Fault | None:
        drawn = hashlib.sha256(f"{seed} {attempt} {text}".encode()).digest()
        hit = int.from_bytes(drawn[:4], "big") / 2**32 < rate
        return kinds[drawn[4] % len(kinds)] if hit else None

    return fault


class MessagesServer:
    """`with MessagesServer(reply) as server:` serves `server.url` (no /v1) and `server.openai_url` (with /v1).

    reply(request body) returns a dict (the tool's input) or a text; it may be replaced at any time, runs in the
    server's thread, and may return a Fault. faults(text, attempt), attempt from 1, may return a Fault instead.
    api_key: if given, another is a 401. delay_s: before each answer.
    hold(text): no answer while it is true. `requests`: bodies in order; `headers`: of each;
    `seen` / `answered`: by text, how often it was asked / fully answered (also inside batches); `batches`: see Batches.
    """

    def __init__(
        self,
        reply: Callable[[Body], Body | str | Fault] = text_of,
        faults: Callable[[str, int], Fault | None] = lambda text, attempt: None,
        api_key: str = "",
        delay_s: float = 0.0,
    ) -> None:
        self.reply, self.faults, self.api_key, self.delay_s = reply, faults, api_key, delay_s
        self.hold: Callable[[str], bool] = lambda text: False
        self.requests: list[Body] = []
        self.headers: list[dict[str, str]] = []
        self.seen: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self.in_flight = self.most_in_flight = self.port = 0
        self.cache: set[str] = set()
        self.batches = Batches(self)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="messages", daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def openai_url(self) -> str:
        return f"{self.url}/v1"

    def __enter__(self) -> MessagesServer:
        self._thread.start()
        assert self._ready.wait(10), "the server did not start"
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        app = web.Application(middlewares=[self._check_key], client_max_size=2**30)
        app.router.add_post("/v1/messages", self._messages)
        app.router.add_post("/v1/chat/completions", self._messages)
        self.batches.add_routes(app)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
        await site.start()
        self.port = int(runner.addresses[0][1])
        self._ready.set()
        await self._stop.wait()
        await runner.cleanup()

    @web.middleware
    async def _check_key(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """The message repeats the key, as a careless server would."""
        given = request.headers.get("x-api-key") or request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.api_key and given != self.api_key:
            return web.json_response(error_body(401, f"wrong key {given}"), status=401)
        return await handler(request)

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read())
        self.requests.append(body)
        self.headers.append(dict(request.headers))
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            return await self._answer(request, body)
        finally:
            self.in_flight -= 1

    def said(self, body: Body) -> Body | str | Fault:
        """What is answered to one request, counted."""
        text = text_of(body)
        self.seen[text] += 1
        return self.faults(text, self.seen[text]) or self.reply(body)

    def usage(self, body: Body) -> Body:
        """Tokens by words; a marked system prompt is written to the cache once and read from then on."""
        system = json.dumps(body.get("system") or "")
        tokens, marked = len(system.split()), "cache_control" in system
        known = marked and system in self.cache
        if marked:
            self.cache.add(system)
        words = sum(len(str(message["content"]).split()) for message in body["messages"])
        return {
            "input_tokens": words + (0 if marked else tokens),
            "cache_read_input_tokens": tokens if known else 0,
            "cache_creation_input_tokens": tokens if marked and not known else 0,
        }

    async def _answer(self, request: web.Request, body: Body) -> web.StreamResponse:
        said = self.said(body)
        fault = said if isinstance(said, Fault) else None
        await asyncio.sleep(self.delay_s + (fault.hang_s if fault else 0.0))
        while self.hold(text_of(body)):
            await asyncio.sleep(0.005)
        if fault and fault.drop and request.transport:
            request.transport.abort()
        if fault and fault.status != 200:
            return web.json_response(error_body(fault.status, fault.text), status=fault.status, headers=fault.headers)
        if fault and fault.raw is not None:
            return web.Response(text=fault.raw, content_type="application/json")
        if request.path.endswith("/chat/completions"):
            return await self._send(request, body, json.dumps(as_completion(body, said)).encode())
        partly = fault and (fault.break_off or fault.end_early)
        message = as_message(body, self.reply(body) if partly else said, self.usage(body))
        if body.get("stream"):
            return await self._stream(request, body, message, fault or Fault())
        return await self._send(request, body, json.dumps(message).encode())

    async def _send(self, request: web.Request, body: Body, raw: bytes) -> web.StreamResponse:
        """Counted as answered once every byte is on its way."""
        reply = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(raw))})
        await reply.prepare(request)
        await reply.write(raw)
        await reply.write_eof()
        self.answered[text_of(body)] += 1
        return reply

    async def _stream(self, request: web.Request, body: Body, message: Body, fault: Fault) -> web.StreamResponse:
        reply = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await reply.prepare(request)
        for number, event in enumerate(as_events(message)):
            await reply.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
            if fault.break_off and number == 2 and request.transport:
                request.transport.abort()
            if (fault.break_off or fault.end_early) and number == 2:
                return reply
        await reply.write_eof()
        self.answered[text_of(body)] += 1
        return reply
