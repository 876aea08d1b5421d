"""Jobs from the HTTP loop -> answers, computed in batches by one thread. Runs in the server's process."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pytest_ftgate.serve.hf.adapters import Adapters
from pytest_ftgate.serve.hf.generate import decode
from pytest_ftgate.serve.hf.prefix import Prefix
from pytest_ftgate.serve.hf.row import Answer, Job

GATHER_S = 0.02
"""Seconds to wait for others if there are too few requests for a whole batch; a batch takes a hundred times longer."""


@dataclass(slots=True)
class _Waiting:
    job: Job
    adapter: str | None
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Answer]

    def finish(self, answer: Answer | None, error: BaseException | None = None) -> None:
        """From any thread."""
        self.loop.call_soon_threadsafe(_settle, self.future, answer, error)


def _settle(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)


class Batcher:
    """Owns the model. Requests queue up; each batch has one adapter, and rows of like length around the oldest."""

    def __init__(self, adapters: Adapters, tokenizer: Any, batch_size: int = 32) -> None:
        self.adapters, self.tokenizer, self.batch_size = adapters, tokenizer, batch_size
        self._queue: list[_Waiting] = []
        self._calls: list[tuple[Callable[[], Any], asyncio.AbstractEventLoop, asyncio.Future[Any]]] = []
        self._prefixes: dict[str | None, Prefix | None] = {}
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="batcher", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """False once the thread has died."""
        return self._thread.is_alive()

    async def answer(self, job: Job, adapter: str | None) -> Answer:
        """Wait for a place in a batch and for the answer. A cancelled wait leaves the queue."""
        loop = asyncio.get_running_loop()
        waiting = _Waiting(job, adapter, loop, loop.create_future())
        with self._news:
            self._queue.append(waiting)
            self._news.notify()
        return await waiting.future

    async def call(self, action: Callable[[], None]) -> None:
        """Run `action` between two batches, in the thread that owns the model."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        with self._news:
            self._calls.append((action, loop, future))
            self._news.notify()
        await future

    def _run(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(self._busy)
            if len(self._queue) < self.batch_size:
                time.sleep(GATHER_S)
            self._run_calls()
            self._run_batch(self._take())

    def _busy(self) -> bool:
        return bool(self._queue or self._calls)

    def _run_calls(self) -> None:
        with self._news:
            calls, self._calls = self._calls, []
        if calls:
            self._prefixes.clear()  # an adapter may come or go
        for action, loop, future in calls:
            error: BaseException | None = None
            try:
                action()
            except Exception as raised:  # noqa: BLE001 - becomes the answer of the request that asked
                error = raised
            loop.call_soon_threadsafe(_settle, future, None, error)

    def _take(self) -> list[_Waiting]:
        """The oldest request and those of its adapter that are nearest to it in length."""
        with self._news:
            self._queue = [waiting for waiting in self._queue if not waiting.future.cancelled()]
            if not self._queue:
                return []
            oldest = self._queue[0]
            length = len(oldest.job.tokens)
            same = [waiting for waiting in self._queue if waiting.adapter == oldest.adapter]
            same.sort(key=lambda waiting: abs(len(waiting.job.tokens) - length))
            taken = same[: self.batch_size]
            chosen = set(map(id, taken))
            self._queue = [waiting for waiting in self._queue if id(waiting) not in chosen]
            return taken

    def _run_batch(self, batch: list[_Waiting]) -> None:
        if not batch:
            return
        try:
            self._answer(batch, batch[0].adapter)
        except Exception as error:  # noqa: BLE001 - becomes the answer of each request of the batch
            for waiting in batch:
                waiting.finish(None, error)

    def _answer(self, batch: list[_Waiting], adapter: str | None) -> None:
        """What the prompts share is kept for the next batch of the same adapter: a system prompt, examples."""
        jobs = [waiting.job for waiting in batch]
        known = self._prefixes.pop(adapter, None)
        with self.adapters.use(adapter) as model:
            self._prefixes[adapter] = decode(
                model, self.tokenizer, jobs, lambda i, answer: batch[i].finish(answer), self.batch_size, known
            )
