"""Requests -> pending Responses: one thread, one asyncio loop, one aiohttp session, a window for each server."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING, Any

from pytest_ftgate.files.secrets import remember
from pytest_ftgate.serve.address import address_of, key_headers
from pytest_ftgate.serve.client.breaker import SILENT_S, Breaker
from pytest_ftgate.serve.client.delivery import Delivery, OnDone
from pytest_ftgate.serve.client.denial import explained
from pytest_ftgate.serve.client.dialogue import converse
from pytest_ftgate.serve.client.future import Pending
from pytest_ftgate.serve.client.pace import Pace
from pytest_ftgate.serve.client.proxy import proxy_for
from pytest_ftgate.serve.client.send_chat import PATIENCE, Line, Request, Tries, give_up
from pytest_ftgate.serve.client.server_queue import Job, ServerQueue
from pytest_ftgate.serve.client.window import FIRST, Window
from pytest_ftgate.serve.engine import Endpoint
from pytest_ftgate.serve.response import Response
from pytest_ftgate.serve.retry import Retry

if TYPE_CHECKING:
    import aiohttp

__all__ = ["Pace", "Pool", "Request"]

AT_ONCE = 500
"""Requests taken at one time: the first are sent while the messages of the others are still made."""

SWITCH_S = 0.0005
"""Python's switch interval while the thread runs: so long the loop waits for a main thread that computes. At the usual
5 ms, every answer that comes while an item runs leaves a place in the window empty for that long."""


class Pool:
    """Sends requests in the order they were submitted, at most `concurrency` at one time to each server.

    The thread starts with the first `submit`. `counts` has what happened so far: "finished", "failed", "retries", and
    by the kind of `RequestError`. A server that is silent for good, at least `silent_s` seconds, that takes no request
    for longer than a time limit, or denies the key or the model, ends the phase for what was not sent to it yet, see
    `Breaker`; say prints the line that tells of it, and `stopped` has it by the digest of the model. Leaving the
    context cancels what is open and ends the thread.
    """

    def __init__(
        self,
        concurrency: int = 64,
        retry: Retry | None = None,
        silent_s: float = SILENT_S,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        if concurrency < 1:
            raise ValueError(f"concurrency is {concurrency}; must be 1 or more")
        self.concurrency, self.retry, self.silent_s, self._say = concurrency, retry or Retry(), silent_s, say
        self.counts: Counter[str] = Counter()
        self.stopped: dict[str, str] = {}
        self._breakers: dict[tuple[str, str], Breaker] = {}
        self._queues: dict[str, ServerQueue] = {}
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
        pace: Pace | None = None,
    ) -> dict[str, Pending[Response]]:
        """A pending answer for each request's key, at once; a key that comes twice is sent once.

        on_done gets the (request, response)s that came at one time, in the pool's thread, before the answers can be
        read, for the journal; if it raises, so does reading them. check (an engine's) is asked when a connection breaks
        or a time limit passes: the ServeError it raises ends the request without retries. max_in_flight (an engine's)
        narrows the window for all requests to its address, pace slows them down. A request that fails for good is a
        Response, see there.
        """
        session = self._start()
        queue = self._queue(endpoint, max_in_flight)
        line = _line(session, endpoint, model_digest, check, self.retry, self._breaker(endpoint), queue.window)
        now, waiting = time.monotonic(), iter(requests)
        jobs: dict[str, Job] = {}
        while some := list(islice(waiting, AT_ONCE)):
            new = {each.key: Job(line, each, Tries(now), on_done) for each in some if each.key not in jobs}
            self._loop.call_soon_threadsafe(_enqueue, queue, list(new.values()), pace)
            jobs |= new
        return {key: job.answer for key, job in jobs.items()}

    @property
    def limits(self) -> dict[str, int]:
        """How servers limited us, see `Window.to_json`; of several, the one that did it most."""
        found = [queue.window.to_json() for queue in list(self._queues.values())]
        return max(found, key=lambda limits: limits.get("limited", 0), default={})

    def _queue(self, endpoint: Endpoint, most: int | None) -> ServerQueue:
        """One for each server, whatever is submitted to it. A server of our own has the depth that we know."""
        size = min(self.concurrency, most or self.concurrency)
        if endpoint.base_url not in self._queues:
            window = Window(size, size if endpoint.ours or most else FIRST, self.retry)
            self._queues[endpoint.base_url] = ServerQueue(window, Pace(), self._finish)
        self._queues[endpoint.base_url].window.hold(size)
        return self._queues[endpoint.base_url]

    def _breaker(self, endpoint: Endpoint) -> Breaker:
        """One for each model of a server; who submits anew to one that had died tries it anew."""
        key = endpoint.base_url, endpoint.model
        if key not in self._breakers or (self._breakers[key].reason and not self._breakers[key].denied):
            self._breakers[key] = Breaker(endpoint.base_url, silent_s=self.silent_s)
        return self._breakers[key]

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

    async def _finish(self, queue: ServerQueue, job: Job) -> None:
        try:
            queue.unanswered += 1
            try:
                response = await converse(job.line, job.request, job.tries, self.counts)
            finally:
                queue.unanswered -= 1
            if response is None and not queue.unanswered:
                response = give_up(job.line, job.request, job.tries)
            if response is None:
                self.counts["retries"] += 1
                queue.put_back(job)
                return
            queue.pace.used(job.tokens, response.prompt_tokens + response.completion_tokens)
            if response.broken and job.line.breaker.doubt:
                queue.held.append((job, response))
            else:
                self._tell(job.line)
                await self._hand_over(job, response)
        except asyncio.CancelledError:
            job.answer.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - raised again where the answer is read
            job.answer.set_exception(_without_frames(error))
        if queue.held:
            await self._judge(queue)

    async def _judge(self, queue: ServerQueue) -> None:
        """Hand over the denials of which it is clear by now whether they are of all requests or of one."""
        for line in queue.doubtful():
            await self._deny(line)
        while judged := queue.judged():
            job, response = judged
            denied = job.line.breaker.denied
            told = replace(response, error=f"not asked: {self.stopped[job.line.digest]}") if denied else response
            await self._hand_over(job, told)

    async def _hand_over(self, job: Job, response: Response) -> None:
        try:
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

    async def _deny(self, line: Line) -> None:
        """Nobody is served: say so with what helps, and nothing more is sent."""
        if denial := line.breaker.doubt:
            text = await asyncio.to_thread(explained, line.endpoint, denial)
            line.breaker.deny()
            self._stop(line, text)

    def _tell(self, line: Line) -> None:
        """Once, why a server is not asked any more."""
        if line.breaker.reason and not line.breaker.told:
            self._stop(line, f"{line.breaker.server}: {line.breaker.reason.removeprefix('not asked: ')}")

    def _stop(self, line: Line, text: str) -> None:
        line.breaker.told, said = True, text in self.stopped.values()
        self.stopped[line.digest] = text
        if not said:
            self._say(f"ftgate: {text}")

    async def _cancel(self) -> None:
        for queue in self._queues.values():
            await queue.cancel()


def _enqueue(queue: ServerQueue, jobs: list[Job], pace: Pace | None) -> None:
    if pace:
        queue.pace.narrow(pace)
    queue.extend(jobs)


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
    window: Window,
) -> Line:
    url = address_of(endpoint.base_url, "/chat/completions")
    headers = {"Content-Type": "application/json", **key_headers(url, remember(endpoint.api_key))}
    patience = PATIENCE if endpoint.ours and check else 1
    return Line(session, url, headers, endpoint, digest, proxy_for(url), check, retry, breaker, window, patience)


async def _open_session() -> aiohttp.ClientSession:
    import aiohttp

    limits: Any = aiohttp.ClientTimeout(total=None)  # each attempt has its own limit
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar(), timeout=limits
    )
