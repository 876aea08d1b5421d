"""A client's request -> the engine's answer: passed on as it is, but for the name of the model."""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from pytest_ftgate.serve.address import key_headers
from pytest_ftgate.serve.front.addressing import Addressed, Renamed, UnknownModel, Unreadable, addressed
from pytest_ftgate.serve.front.replies import error, unknown_model
from pytest_ftgate.serve.front.request_log import RequestLog
from pytest_ftgate.serve.front.result_cache import ResultCache, key_of
from pytest_ftgate.serve.front.route import Route

VERSION, DIGEST, CACHE = "X-Ftgate-Version", "X-Ftgate-Digest", "X-Ftgate-Cache"

HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding"}
    | {"upgrade", "host", "content-length"}
)
"""Headers that belong to one connection."""

OURS = (
    HOP_BY_HOP | {"authorization", "api-key", "x-api-key", "cookie", "expect"} | {"accept-encoding", "content-encoding"}
)
"""Of a request: also the client's key, what would make the engine compress, and that the client did: it is undone."""

KEPT_AS = "ftgate-champion"
"""The model's name in what the cache holds: an engine's own name for it is of one process."""

THEIRS = HOP_BY_HOP | {"server", "date"}

KEPT_S = 2.0
"""Seconds that an idle connection to the engine is kept: less than the 5 after which vLLM closes it."""


def engine_session() -> aiohttp.ClientSession:
    """Connections to engines, as many as there are requests.

    Without time limits: an engine that hangs is seen by its /health, and ended, which breaks its connections.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEPT_S),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=10),
        auto_decompress=False,
    )


class Forwarder:
    """Sends requests on. name: the stable name of the model."""

    def __init__(
        self, name: str, session: aiohttp.ClientSession, cache: ResultCache | None, log: RequestLog | None
    ) -> None:
        self._name, self._session, self._cache, self._log = name, session, cache, log

    async def answer(self, route: Route, request: web.Request, raw: bytes) -> web.StreamResponse:
        """The answer of one version to a request whose body was read."""
        if request.method != "POST":
            return await self._passed(route, request, None, "")
        try:
            sent = addressed(raw, self._name, route.endpoint.model)
        except UnknownModel as unknown:
            return unknown_model(str(unknown))
        except Unreadable as wrong:
            return error(400, str(wrong))
        key = key_of(route.digest, request.path, sent.fields) if self._cache else ""
        if self._cache and key and (known := await self._cache.get(key)) is not None:
            self._logged(route, request, sent, known)
            headers = {**_about(route), CACHE: "hit", "Content-Type": "application/json"}
            return web.Response(body=Renamed(KEPT_AS, sent.asked).whole(known), headers=headers)
        return await self._passed(route, request, sent, key)

    async def _passed(self, route: Route, request: web.Request, sent: Addressed | None, key: str) -> web.StreamResponse:
        root = route.endpoint.base_url.removesuffix("/v1")
        url = URL(root + request.rel_url.raw_path_qs, encoded=True)
        headers = CIMultiDict((name, value) for name, value in request.headers.items() if name.lower() not in OURS)
        headers.update(key_headers(root, route.endpoint.api_key))
        headers["Accept-Encoding"] = "identity"
        try:
            reply = await self._sent(request.method, url, headers, sent.body if sent else None)
        except aiohttp.ClientConnectorError:
            return error(503, "the engine cannot be reached")  # it has died, and is started again
        except aiohttp.ClientError as broken:
            return error(502, f"the engine did not answer: {type(broken).__name__}")
        async with reply:
            return await self._returned(route, request, reply, sent, key)

    async def _sent(
        self, method: str, url: URL, headers: Mapping[str, str], body: bytes | None
    ) -> aiohttp.ClientResponse:
        """Once more where a kept connection had just been closed: nothing of an answer had come, none is repeated."""
        try:
            return await self._session.request(method, url, headers=headers, data=body, allow_redirects=False)
        except aiohttp.ClientConnectorError:
            raise
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            return await self._session.request(method, url, headers=headers, data=body, allow_redirects=False)

    async def _returned(
        self, route: Route, request: web.Request, reply: aiohttp.ClientResponse, sent: Addressed | None, key: str
    ) -> web.StreamResponse:
        headers = CIMultiDict((name, value) for name, value in reply.headers.items() if name.lower() not in THEIRS)
        headers.update(_about(route))
        renamed = Renamed(route.endpoint.model, sent.asked if sent else self._name)
        if reply.content_length is None:
            said: list[bytes] | None = [] if self._log and sent and reply.status == 200 else None
            answer = await _streamed(request, reply, headers, renamed, said)
            self._logged(route, request, sent, b"".join(said or ()))
            return answer
        try:
            raw = await reply.read()
        except aiohttp.ClientError as broken:
            return error(502, f"the engine broke off its answer: {type(broken).__name__}")
        if reply.status == 200:
            self._logged(route, request, sent, raw)
        if self._cache and key and reply.status == 200:
            headers[CACHE] = "miss"
            await self._cache.put(key, Renamed(route.endpoint.model, KEPT_AS).whole(raw))
        return web.Response(body=renamed.whole(raw), status=reply.status, headers=headers)

    def _logged(self, route: Route, request: web.Request, sent: Addressed | None, answer: bytes) -> None:
        if self._log and sent and answer:
            self._log.write(request.path, sent.fields, answer, route.version)


async def _streamed(
    request: web.Request,
    reply: aiohttp.ClientResponse,
    headers: Mapping[str, str],
    renamed: Renamed,
    said: list[bytes] | None,
) -> web.StreamResponse:
    """Piece by piece as they come; where the engine breaks off, so does the client's connection.

    said: gets what came, if it is wanted.
    """
    answer = web.StreamResponse(status=reply.status, headers=headers)
    await answer.prepare(request)
    try:
        async for piece in reply.content.iter_any():
            if said is not None:
                said.append(piece)
            if ready := renamed.feed(piece):
                await answer.write(ready)
        await answer.write(renamed.end())
        await answer.write_eof()
    except aiohttp.ClientPayloadError:
        if said is not None:
            said.clear()
        if request.transport:
            request.transport.abort()
    return answer


def _about(route: Route) -> dict[str, str]:
    return {VERSION: route.version, DIGEST: route.digest}
