"""Requests to one server -> sent in order, as many at one time as its window allows and no sooner than its pace."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

from pytest_ftgate.serve.client.delivery import OnDone
from pytest_ftgate.serve.client.future import Pending
from pytest_ftgate.serve.client.pace import Pace
from pytest_ftgate.serve.client.send_chat import Line, Request, Tries
from pytest_ftgate.serve.client.window import Window
from pytest_ftgate.serve.response import Response

TURNS = 3
"""How often a request goes before all others after the server turned it away; then it waits until they were asked."""

_numbers = itertools.count()


@dataclass(slots=True)
class Job:
    """One request with all that belongs to it. tokens: put down for it by the pace."""

    line: Line
    request: Request
    tries: Tries
    on_done: OnDone | None
    answer: Pending[Response] = field(default_factory=Pending)
    number: int = field(default_factory=_numbers.__next__)
    tokens: int = 0


class ServerQueue:
    """Used in the pool's thread alone. finish: sends a job, and leaves it finished or in this queue again.

    under_way: jobs that hold a place in the window. unanswered: those of them that the server still has. held: jobs
    that were denied, while it is not clear whether all are.

    A worker is a place in the window: it takes one job after another, and ends when it may not take the next.
    """

    def __init__(self, window: Window, pace: Pace, finish: Callable[[ServerQueue, Job], Awaitable[None]]) -> None:
        self.window, self.pace, self._finish = window, pace, finish
        self.under_way = self.unanswered = 0
        self._waiting: deque[Job] = deque()
        self._again: list[tuple[int, Job]] = []
        self._workers: set[asyncio.Task[None]] = set()
        self._alarm: asyncio.TimerHandle | None = None
        self.held: list[tuple[Job, Response]] = []

    def extend(self, jobs: Iterable[Job]) -> None:
        """Send these after all others."""
        self._waiting.extend(jobs)
        self.start()

    def put_back(self, job: Job) -> None:
        """The server turned this one away: next time it is first, but not for ever."""
        if job.tries.limits <= TURNS:
            heapq.heappush(self._again, (job.number, job))
        else:
            self._waiting.append(job)

    def doubtful(self) -> list[Line]:
        """Lines whose key, model or path is denied, when the last answer that could have lifted the doubt has come.

        While there is doubt, nothing is sent.
        """
        lines = {job.line.digest: job.line for job, _ in self.held if job.line.breaker.doubt}
        return [] if self.unanswered else list(lines.values())

    def judged(self) -> tuple[Job, Response] | None:
        """The next of those held whose doubt is gone, which is held no more."""
        found = next((each for each in self.held if not each[0].line.breaker.doubt), None)
        if found:
            self.held.remove(found)
        return found

    def start(self) -> None:
        """As many workers as there is room and work for."""
        while self.under_way < int(self.window.size) and (job := self._next()):
            self.under_way += 1
            worker = asyncio.get_running_loop().create_task(self._work(job))
            self._workers.add(worker)
            worker.add_done_callback(partial(self._ended, job))

    async def cancel(self) -> None:
        """Drop what waits and break off what is under way."""
        if self._alarm:
            self._alarm.cancel()
        for job in (*self._waiting, *(job for _, job in self._again), *(job for job, _ in self.held)):
            job.answer.cancel()
        self.held.clear()
        self._waiting.clear()
        self._again.clear()
        workers = list(self._workers)
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        self.under_way = self.unanswered = 0

    def _ended(self, job: Job, worker: asyncio.Task[None]) -> None:
        self._workers.discard(worker)
        if worker.cancelled():
            job.answer.cancel()  # where it was cancelled before it had begun

    async def _work(self, job: Job | None) -> None:
        try:
            while job:
                await self._finish(self, job)
                if self.under_way < int(self.window.size):
                    self.start()
                job = self._next() if self.under_way <= int(self.window.size) else None
        finally:
            self.under_way -= 1
        self.start()

    def _next(self) -> Job | None:
        """The job whose turn it is; None if none waits, or it must wait for its time."""
        if not (self._waiting or self._again) or (self.under_way and self._in_doubt()):
            return None
        job = self._again[0][1] if self._again else self._waiting[0]
        if not job.line.breaker.reason:
            if self._must_wait():
                return None
            job.tokens = self.pace.sent(job.request.messages, job.request.sampling)
        return heapq.heappop(self._again)[1] if self._again else self._waiting.popleft()

    def _in_doubt(self) -> bool:
        return any(job.line.breaker.doubt for job, _ in self.held)

    def _must_wait(self) -> bool:
        """Whether it is too early; then `start` is called when it is time."""
        when = max(self.window.resume_at, self.pace.next_at)
        if not when or (late := when - time.monotonic()) <= 0:
            return False
        if self._alarm:
            self._alarm.cancel()
        self._alarm = asyncio.get_running_loop().call_later(late, self.start)
        return True
