"""FrontState -> the web application that clients and probes ask."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.http_exceptions import ContentEncodingError

from pytest_ftgate.files.escape import one_line
from pytest_ftgate.serve.address import key_headers
from pytest_ftgate.serve.front.forward import Forwarder, engine_session
from pytest_ftgate.serve.front.replies import error, unknown_model
from pytest_ftgate.serve.front.request_log import RequestLog
from pytest_ftgate.serve.front.result_cache import ResultCache
from pytest_ftgate.serve.front.route import Route
from pytest_ftgate.serve.front.state import FrontState

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

LARGEST = 64 * 2**20
"""Bytes of a request."""

BESIDE = frozenset({"/tokenize", "/detokenize", "/version"})
"""Paths of vLLM outside /v1 that are passed on."""

ADAPTERS = frozenset({"/v1/load_lora_adapter", "/v1/unload_lora_adapter"})
"""Only the registry says what is loaded."""

MODELS = "/v1/models"

ANSWERED_BY = web.RequestKey("ANSWERED_BY", str)
"""The version that a request is of."""

LEFT = 499
"""Status in the metrics of a request whose client did not wait."""


class Front:
    """The handlers. keys: those that clients may send; none: every client is answered."""

    def __init__(
        self,
        state: FrontState,
        keys: Iterable[str] = (),
        cache: ResultCache | None = None,
        log: RequestLog | None = None,
    ) -> None:
        self.state, self._cache, self._log = state, cache, log
        self._keys = tuple(key.encode() for key in keys)
        self._session: aiohttp.ClientSession | None = None

    def app(self) -> web.Application:
        """All routes; run it with `handler_cancellation`, so that a client who leaves is no longer computed for."""
        app = web.Application(client_max_size=LARGEST)
        app.router.add_get("/health", self.health)
        app.router.add_get("/ready", self.ready)
        app.router.add_get("/metrics", self.metrics)
        app.router.add_route("*", "/{path:.*}", self.counted)
        app.cleanup_ctx.append(self._connections)
        return app

    async def _connections(self, _app: web.Application) -> AsyncIterator[None]:
        self._session = engine_session()
        self._forwarder = Forwarder(self.state.name, self._session, self._cache, self._log)
        yield
        await self._session.close()
        if self._cache:
            await self._cache.close()

    async def health(self, _request: web.Request) -> web.Response:
        """200 while this process and the engine live, also while the first champion is loaded."""
        return web.json_response({"engine": self.state.engine_error or "ok"}, status=503 if self._dead else 200)

    @property
    def _dead(self) -> bool:
        return bool(self.state.engine_error)

    async def ready(self, _request: web.Request) -> web.Response:
        """200 while the champion is loaded, has answered the probe, and the server is not about to end."""
        return web.json_response(self.state.facts(), status=503 if self.state.unready else 200)

    async def metrics(self, _request: web.Request) -> web.Response:
        """The engine's own metrics, then ours."""
        theirs = await self._engine_metrics()
        text = theirs + (b"" if not theirs or theirs.endswith(b"\n") else b"\n") + self.state.metrics.text()
        return web.Response(body=text, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    async def _engine_metrics(self) -> bytes:
        route, session = self.state.current, self._session
        if route is None or session is None:
            return b""
        url = route.endpoint.base_url.removesuffix("/v1") + "/metrics"
        limit = aiohttp.ClientTimeout(total=5)
        try:
            async with session.get(url, headers=key_headers(url, route.endpoint.api_key), timeout=limit) as reply:
                return await reply.read() if reply.status == 200 else b""
        except (aiohttp.ClientError, TimeoutError):
            return b""

    async def counted(self, request: web.Request) -> web.StreamResponse:
        """Everything that a model answers, counted."""
        self.state.metrics.began()
        status = LEFT
        try:
            answer = await self._guarded(request)
        except ConnectionResetError:  # while it was answered; aiohttp sees by itself that no one reads this
            return web.Response(status=LEFT)
        except Exception:
            status = 500
            raise
        else:
            status = answer.status
            return answer
        finally:
            self.state.metrics.ended(request.get(ANSWERED_BY, ""), status)

    async def _guarded(self, request: web.Request) -> web.StreamResponse:
        if refused := self._refused(request):
            return refused
        try:
            raw = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return error(413, f"the body is larger than {LARGEST >> 20} MiB")
        except (web.RequestPayloadError, ContentEncodingError) as wrong:
            request.content.feed_eof()  # or aiohttp reads on, and logs a traceback
            refusal = error(400, f"the body cannot be read: {one_line(str(wrong))}")
            refusal.force_close()
            return refusal
        route = self.state.current  # once: from here to the last byte this request is of one version
        if self.state.refusal or route is None:
            return error(503, self.state.refusal or self.state.unready)
        request[ANSWERED_BY] = route.version
        with route.request():
            if request.path == MODELS or request.path.startswith(f"{MODELS}/"):
                return await self._models(route, request.path.removeprefix(MODELS).strip("/"))
            return await self._forwarder.answer(route, request, raw)

    def _refused(self, request: web.Request) -> web.Response | None:
        path = request.path
        if ".." in path or path in ADAPTERS or not (path.startswith("/v1/") or path in BESIDE):
            return error(404, f"no such path: {path}")
        if not self._has_key(request):
            return error(401, "wrong or missing API key; send it as `Authorization: Bearer KEY`")
        return None

    def _has_key(self, request: web.Request) -> bool:
        """Every key is compared, in constant time. Anthropic's clients send x-api-key, Azure's api-key."""
        scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
        given = bearer if scheme.lower() == "bearer" else ""
        given = given or request.headers.get("x-api-key", "") or request.headers.get("api-key", "")
        found = [hmac.compare_digest(given.encode("utf-8", "surrogateescape"), key) for key in self._keys]
        return any(found) or not found

    async def _models(self, route: Route, one: str) -> web.Response:
        """The stable name alone; it has the properties of the engine's card, and a root that changes with the version.

        The engine's name of the current version can be asked for too, but is not listed.
        """
        if one not in {"", self.state.name, route.endpoint.model}:
            return unknown_model(one)
        card = {**await self._card(route), "id": one or self.state.name, "parent": None}
        card["root"] = f"{self.state.name}@{route.digest[:20]}"
        headers = {"X-Ftgate-Version": route.version, "X-Ftgate-Digest": route.digest}
        return web.json_response(card if one else {"object": "list", "data": [card]}, headers=headers)

    async def _card(self, route: Route) -> dict[str, Any]:
        """What the engine lists of the model, with the length that its base model can take."""
        session, endpoint = self._session, route.endpoint
        if session is None:
            return {}
        headers = key_headers(endpoint.base_url, endpoint.api_key)
        try:
            async with session.get(f"{endpoint.base_url}/models", headers=headers) as reply:
                cards = (await reply.json())["data"]
        except (aiohttp.ClientError, ValueError, KeyError, TypeError):
            return {"object": "model"}
        limits = [card["max_model_len"] for card in cards if card.get("max_model_len")]
        mine = next((card for card in cards if card.get("id") == endpoint.model), {"object": "model"})
        return {**mine, **({"max_model_len": min(limits)} if limits else {})}
