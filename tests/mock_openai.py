"""answer(messages) -> text or Fault, served as an OpenAI chat API from a thread of the test's process."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Message = dict[str, str]


@dataclass(frozen=True)
class Fault:
    """Something else than a plain answer.

    status: HTTP status. headers: e.g. {"Retry-After": "0.1"}. text: the answer (status 200) or the error message.
    finish_reason: "length" for a cut-off answer. delay_s: extra wait (longer than the limit: a timeout).
    drop: close the connection unanswered. break_off: the same after the first word of a stream. body: raw body instead of the usual JSON.
    """

    status: int = 200
    text: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    finish_reason: str = "stop"
    delay_s: float = 0.0
    drop: bool = False
    break_off: bool = False
    body: str | None = None


def too_many(retry_after: str = "0.05") -> Fault:
    return Fault(status=429, text="slow down", headers={"Retry-After": retry_after})


def broken(status: int = 500) -> Fault:
    return Fault(status=status, text="it broke")


def cut_off(text: str = "and then") -> Fault:
    return Fault(text=text, finish_reason="length")


class MockServer:
    """`with MockServer(answer) as server:` serves `server.base_url` (ends in /v1).

    answer(messages) returns a text or a `Fault`; it is called in the server's thread, once for each request.
    delay_s: time each answer takes. token_delay_s: time before each word of a stream. api_key: if given, others get a 401. `requests`: the bodies seen, in order;
    `authorized_by`: the Authorization header of each ("" without one), which tells runs with different keys apart.
    `adapters`: LoRA names loaded through /v1/load_lora_adapter. `most_in_flight`: the highest number at one time.
    """

    def __init__(
        self,
        answer: Callable[[list[Message]], str | Fault] = lambda messages: messages[-1]["content"],
        delay_s: float = 0.0,
        models: tuple[str, ...] = ("mock",),
        api_key: str = "",
        port: int = 0,
        token_delay_s: float = 0.0,
    ) -> None:
        self.answer, self.delay_s, self.models, self.api_key = answer, delay_s, models, api_key
        self.port, self.token_delay_s = port, token_delay_s
        self.requests: list[dict[str, Any]] = []
        self.authorized_by: list[str] = []
        self.adapters: dict[str, str] = {}
        self.in_flight = self.most_in_flight = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mock-openai", daemon=True)

    def __enter__(self) -> MockServer:
        self._thread.start()
        assert self._ready.wait(10), "the mock server did not start"
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        app = web.Application(middlewares=[self._check_key])
        app.router.add_get("/health", self._health)
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_post("/v1/load_lora_adapter", self._load)
        app.router.add_post("/v1/unload_lora_adapter", self._unload)
        self.more_routes(app)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self.port, backlog=1024)
        await site.start()
        self.port = int(runner.addresses[0][1])
        self._ready.set()
        await self._stop.wait()
        await runner.cleanup()

    def more_routes(self, app: web.Application) -> None:
        """For servers that answer more than this one."""

    @web.middleware
    async def _check_key(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if self.api_key and request.headers.get("Authorization") != f"Bearer {self.api_key}":
            return web.json_response({"error": {"message": "wrong key"}}, status=401)
        return await handler(request)

    async def _health(self, _: web.Request) -> web.Response:
        return web.Response()

    async def _models(self, _: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": m} for m in (*self.models, *self.adapters)]})

    async def _load(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.adapters[body["lora_name"]] = body["lora_path"]
        return web.Response(text="ok")

    async def _unload(self, request: web.Request) -> web.Response:
        name = (await request.json())["lora_name"]
        if self.adapters.pop(name, None) is None:
            return web.json_response({"error": {"message": f"The lora adapter '{name}' cannot be found."}}, status=404)
        return web.Response(text="ok")

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        try:
            body = json.loads(await request.read())
        except ValueError:
            return web.json_response({"error": {"message": "JSON decode error"}}, status=400)
        self.requests.append(body)
        self.authorized_by.append(request.headers.get("Authorization", ""))
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            return await self._reply(request, body)
        finally:
            self.in_flight -= 1

    def said(self, body: dict[str, Any]) -> str | Fault:
        """What is answered to a request."""
        return self.answer(body["messages"])

    async def _reply(self, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        said = self.said(body)
        fault = said if isinstance(said, Fault) else Fault(text=said)
        if self.delay_s + fault.delay_s:
            await asyncio.sleep(self.delay_s + fault.delay_s)
        if fault.drop and request.transport is not None:
            request.transport.abort()
        if fault.body is not None:
            return web.Response(text=fault.body, status=fault.status, headers=fault.headers)
        if body.get("stream") and fault.status < 400:
            return await self._stream(request, body, fault)
        made = _completion(body, fault) if fault.status < 400 else {"error": {"message": fault.text}}
        return web.json_response(made, status=fault.status, headers=fault.headers)

    async def _stream(self, request: web.Request, body: dict[str, Any], fault: Fault) -> web.StreamResponse:
        """Word by word, `token_delay_s` before each; then the usage, if it is asked for."""
        reply = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await reply.prepare(request)
        whole = _completion(body, fault)
        for word in re.findall(r"\S+\s*|\s+", fault.text):
            await asyncio.sleep(self.token_delay_s)
            await reply.write(_event({"choices": [{"index": 0, "delta": {"content": word}}]}))
            if fault.break_off and request.transport is not None:
                request.transport.abort()
        await reply.write(_event({"choices": [{"index": 0, "delta": {}, "finish_reason": fault.finish_reason}]}))
        if (body.get("stream_options") or {}).get("include_usage"):
            await reply.write(_event({"choices": [], "usage": whole["usage"]}))
        await reply.write(b"data: [DONE]\n\n")
        return reply


def _event(data: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(data).encode() + b"\n\n"


def _completion(body: dict[str, Any], fault: Fault) -> dict[str, Any]:
    prompt = sum(len(str(m["content"]).split()) for m in body["messages"])
    return {
        "id": "mock",
        "object": "chat.completion",
        "model": body["model"],
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": fault.text},
                "finish_reason": fault.finish_reason,
            }
        ],
        "usage": {"prompt_tokens": prompt, "completion_tokens": len(fault.text.split())},
    }
