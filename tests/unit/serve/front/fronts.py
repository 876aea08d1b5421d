"""A front on a port of its own before engines that tell which model they were asked as."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from aiohttp import web

from pytest_ftgate.files.digest import digest_of
from pytest_ftgate.serve.engine import Endpoint
from pytest_ftgate.serve.front.app import Front
from pytest_ftgate.serve.front.metrics import FrontMetrics
from pytest_ftgate.serve.front.request_log import RequestLog
from pytest_ftgate.serve.front.result_cache import ResultCache
from pytest_ftgate.serve.front.route import Route
from pytest_ftgate.serve.front.state import FrontState
from tests.mock_openai import MockServer

NAME = "spam"


class Telling(MockServer):
    """Answers with the name that it was asked as, eight times: a mixed answer would show."""

    def said(self, body):
        return " ".join([body["model"]] * 8)


@dataclass(frozen=True)
class Running:
    """A front that answers at `url`."""

    url: str
    state: FrontState
    session: aiohttp.ClientSession

    async def chat(self, **fields):
        """Status, headers and body of one chat request."""
        body = {"model": NAME, "messages": [{"role": "user", "content": "Hi"}], **fields}
        async with self.session.post(f"{self.url}/v1/chat/completions", json=body) as reply:
            return reply.status, reply.headers, await reply.json()


def route(server: MockServer, number: int) -> Route:
    """Version `number`, whose name at the engine tells it."""
    return Route(f"v{number}", digest_of(number), Endpoint(server.base_url, f"ftgate-{number:020x}", server.api_key))


@asynccontextmanager
async def running(
    keys: Iterable[str] = (), cache: str = "", ttl_s: int = 60, log: Path | None = None
) -> AsyncIterator[Running]:
    """A front without a champion yet."""
    metrics = FrontMetrics()
    state = FrontState(NAME, metrics)
    kept = ResultCache(cache, ttl_s, metrics) if cache else None
    front = Front(state, keys, kept, RequestLog(log, NAME, metrics, print) if log else None)
    runner = web.AppRunner(front.app(), access_log=None, handler_cancellation=True, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        yield Running(f"http://127.0.0.1:{runner.addresses[0][1]}", state, session)
    await runner.cleanup()
