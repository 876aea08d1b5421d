"""Requests -> pending Responses: one thread, one asyncio loop, one aiohttp session, a bounded window."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any

from pytest_ftgate.serve.address import address_of, key_headers
from pytest_ftgate.serve.client.breaker import SILENT_S, Breaker
from pytest_ftgate.serve.client.delivery import Delivery, OnDone
from pytest_ftgate.serve.client.future import Pending
from pytest_ftgate.serve.client.proxy import proxy_for
from pytest_ftgate.serve.client.send_chat import Line, Request, ask
from pytest_ftgate.serve.engine import Endpoint
from pytest_ftgate.serve.response import Response
from pytest_ftgate.serve.retry import Retry

if TYPE_CHECKING:
    import aiohttp

__all__ = ["Pool", "Request"]

SWITCH_S = 0.0005
"""Python's switch interval while the thread runs: so long the loop waits for a main thread that computes. At the usual
5 ms, every answer that comes while an item runs leaves a place in the window empty for that long."""


@dataclass(slots=True)
class _Job:
    line: Line
    request: Request
    planned: float
    on_done: OnDone | None
    window: asyncio.Semaphore
    answer: Pending[Response] = field(default_factory=Pending)


class Pool:
    """Sends requests in the order they were submitted, at most `concurrency` at one time.

    The thread starts with the first `submit`. `counts` has what happened so far: "finished", "failed", "retries", and
    by the kind of `RequestError`. A server that is silent for good, at least `silent_s` seconds, ends the phase for
    what was not sent to it yet, see `Breaker`. Leaving the context cancels what is still open and ends the thread.
    """

    def __init__(self, concurrency: int = 64, retry: Retry | None = None, silent_s: float = SILENT_S) -> None:
        if concurrency < 1:
            raise ValueError(f"concurrency is {concurrency}; must be 1 or more")
        self.concurrency, self.retry, self.silent_s = concurrency, retry or Retry(), silent_s
        self.counts: Counter[str] = Counter()
        self._waiting: deque[_Job] = deque()
        self._breakers: dict[str, Breaker] = {}
        self._windows: dict[tuple[str, int], asyncio.Semaphore] = {}
        self._workers: set[asyncio.Task[None]] = set()
        self._thread: threading.Thread | None = None
        self._loop = asyncio.new_event_loop()
        self._delivery = Delivery(self._loop)
        self._session: aiohttp.ClientSession | None = None
        self._usual_switch_s = sys.getswitchinterval()

    def submit(  # noqa: PLR0913 - what an engine and a journal add to plain sending
        self,
        endpoint: Endpoint,
        model_digest: str,
        requests: Iterable[Request],
        *,
        on_done: OnDone | None = None,
        check: Callable[[], None] | None = None,
        max_in_flight: int | None = None,
    ) -> dict[str, Pending[Response]]:
        """A pending answer for each request's key, at once; a key that comes twice is sent once.

        on_done gets the (request, response)s that came at one time, in the pool's thread, before the answers can be
        read, for the journal; if it raises, so does reading them. check (an engine's) is asked when a connection breaks
        or a time limit passes: the ServeError it raises ends the request without retries. max_in_flight (an engine's)
        narrows the window for all requests to its address. A request that fails for good is a Response, see there.
        """
        session = self._start()
        line = _line(session, endpoint, model_digest, check, self.retry, self._breaker(endpoint.base_url))
        now = time.monotonic()
        window = self._window(endpoint.base_url, max_in_flight)
        jobs: dict[str, _Job] = {}
        for request in requests:
            jobs.setdefault(request.key, _Job(line, request, now, on_done, window))
        self._loop.call_soon_threadsafe(self._enqueue, list(jobs.values()))
        return {key: job.answer for key, job in jobs.items()}

    def _window(self, server: str, most: int | None) -> asyncio.Semaphore:
        """One for each server, whatever is submitted to it."""
        size = min(self.concurrency, most or self.concurrency)
        return self._windows.setdefault((server, size), asyncio.Semaphore(size))

    def _breaker(self, server: str) -> Breaker:
        """One for each server; who submits anew to one that had died tries it anew."""
        if server not in self._breakers or self._breakers[server].reason:
            self._breakers[server] = Breaker(server, silent_s=self.silent_s)
        return self._breakers[server]

    def cancel(self) -> None:
        """Drop what waits and break off what is under way; reading them raises CancelledError. Returns when done."""
        if self._thread and self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._cancel(), self._loop).result()

    def close(self) -> None:
        """Cancel, close all connections and end the thread; safe to call twice."""
        if self._loop.is_closed():
            return
        if self._thread:
            self.cancel()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            sys.setswitchinterval(self._usual_switch_s)
        self._loop.close()

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self) -> aiohttp.ClientSession:
        if self._session is None:
            sys.setswitchinterval(SWITCH_S)
            self._thread = threading.Thread(target=self._run, name="ftgate-pool", daemon=True)
            self._thread.start()
            self._session = asyncio.run_coroutine_threadsafe(_open_session(), self._loop).result()
        return self._session

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        if self._session:
            self._loop.run_until_complete(self._session.close())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())

    def _enqueue(self, jobs: list[_Job]) -> None:
        self._waiting.extend(jobs)
        for _ in range(min(self.concurrency - len(self._workers), len(jobs))):
            worker = self._loop.create_task(self._work())
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)

    async def _work(self) -> None:
        """One place in the window: take the next request until none waits."""
        while self._waiting:
            job = self._waiting.popleft()
            await self._finish(job)

    async def _finish(self, job: _Job) -> None:
        try:
            async with job.window:
                response = await ask(job.line, job.request, job.planned, self.counts)
            if job.on_done:
                await self._delivery.hand_on(job.on_done, job.request, response)
        except asyncio.CancelledError:
            job.answer.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - raised again where the answer is read
            job.answer.set_exception(_without_frames(error))
        else:
            self.counts["failed" if response.broken else "finished"] += 1
            job.answer.set_result(response)

    async def _cancel(self) -> None:
        while self._waiting:
            self._waiting.popleft().answer.cancel()
        workers = list(self._workers)
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


def _without_frames(error: Exception) -> Exception:
    """Their local variables hold what was sent and what a server said, and `pytest -l` would show them."""
    if not hasattr(error, "__notes__"):  # one that several answers share has been here before
        last = traceback.extract_tb(error.__traceback__)[-1]
        error.add_note(f"raised at {last.filename}:{last.lineno}")
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def _line(  # noqa: PLR0913, PLR0917 - private
    session: aiohttp.ClientSession,
    endpoint: Endpoint,
    digest: str,
    check: Callable[[], None] | None,
    retry: Retry,
    breaker: Breaker,
) -> Line:
    url = address_of(endpoint.base_url, "/chat/completions")
    headers = {"Content-Type": "application/json", **key_headers(url, endpoint.api_key)}
    proxy, ours, told = proxy_for(url), endpoint.ours, endpoint.fingerprint
    return Line(session, url, headers, endpoint.model, digest, proxy, check, retry, breaker, ours, told)


async def _open_session() -> aiohttp.ClientSession:
    import aiohttp

    limits: Any = aiohttp.ClientTimeout(total=None)  # each attempt has its own limit
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar(), timeout=limits
    )
