"""(Settings, folder) -> Provider: many requests at once, on a background thread, for callers that just wait."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_ftgate.errors import MissingExtra, ProviderError
from pytest_ftgate.serve.api.batch_log import BatchLog
from pytest_ftgate.serve.api.bill import Bill
from pytest_ftgate.serve.api.reply_cache import ReplyCache
from pytest_ftgate.serve.api.request import ApiReply, ApiRequest
from pytest_ftgate.serve.api.settings import Settings
from pytest_ftgate.serve.api.tokens import likely

if TYPE_CHECKING:
    from pytest_ftgate.serve.api.batch import Batcher
    from pytest_ftgate.serve.api.retrying import Line, Sender
    from pytest_ftgate.serve.retry import Retry

T = TypeVar("T")


def check_usable(settings: Settings) -> None:
    """Opens and sends nothing. Raises ProviderError if there is no key or no price, MissingExtra, as opening would."""
    settings.price_list()
    settings.key()
    if settings.api == "anthropic" and find_spec("anthropic") is None:
        raise MissingExtra("the Anthropic API", "judge")


def open_provider(settings: Settings, folder: Path, retry: Retry | None = None) -> Provider:
    """A context manager. folder: where answers are kept, such as .ftgate/judge; what is there is not asked again.

    Raises ProviderError if there is no key or no price, MissingExtra, and JournalError if another run uses the folder.
    """
    return Provider(settings, folder, settings.key(), retry)


class Provider:
    """Made by `open_provider`. bill: what was sent and paid so far."""

    def __init__(self, settings: Settings, folder: Path, key: str, retry: Retry | None = None) -> None:
        self.settings = settings
        self._prices = settings.price_list()
        self.bill = Bill()
        self._flying: dict[str, asyncio.Task[ApiReply]] = {}
        self._batch: asyncio.Task[None] | None = None
        with ExitStack() as opened:
            self._answers = ReplyCache(folder)
            opened.callback(self._answers.close)
            self._log = BatchLog(folder)
            opened.callback(self._log.close)
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._loop.run_forever, name="ftgate-provider", daemon=True)
            self._thread.start()
            opened.callback(self._end_thread)
            self._sender: Sender = self._do(_sender(settings, key, self._answers, self.bill, retry))
            self._opened = opened.pop_all()
        self.bill.unfinished = self._answers.unfinished
        self.bill.unfinished_dollars = self._answers.unfinished_dollars

    def limit(self, dollars: float | None) -> None:
        """Spend no more than this in the whole run; what was spent before counts. None, or more than now: no change."""
        now = self.settings.budget_dollars
        if dollars is not None and (now is None or dollars < now):
            self.settings = replace(self.settings, budget_dollars=dollars)
            self._sender.budget.limit = dollars

    def estimate(self, asks: Iterable[ApiRequest], batch: bool = False) -> float:
        """Dollars that the asks may cost which are not answered yet, if each answer is as long as it may be."""
        new = {ask.key: ask for ask in asks if self._answers.get(ask.key) is None}
        return sum(self._prices.dollars(likely(ask), batch) for ask in new.values())

    def ask_all(self, asks: Iterable[ApiRequest], batch: bool = False) -> Iterator[ApiReply]:
        """What each request got, in their order, as soon as it and all before it are there. Nothing answered is sent.

        A request that comes twice is sent once. batch: as Message Batches, for half the price, within a day.
        Raises ProviderError if the server denies the key or the model; what was answered until then is kept.
        """
        asked = list(asks)
        start = self._start_batch if batch else self._start
        return self._in_order(asked, self._do(start({ask.key: ask for ask in asked})))

    def _in_order(self, asked: Sequence[ApiRequest], pending: Mapping[str, Future[ApiReply]]) -> Iterator[ApiReply]:
        """Leaving early drops what was not sent yet; what is under way is paid for, and kept for the next time.

        The last first: one under way that is let go would hand its place to the next that waits.
        """
        try:
            for ask in asked:
                yield self._seen(pending[ask.key].result())
        finally:
            for answer in reversed(list(pending.values())):
                answer.cancel()

    async def _start(self, asks: Mapping[str, ApiRequest]) -> dict[str, Future[ApiReply]]:
        """One pending reply for each key, at most `concurrency` at work."""
        pending = self._replayed(asks)
        new = {key: ask for key, ask in asks.items() if key not in pending}
        if self._log.open() and self.settings.api == "anthropic":
            await self._batcher().take_up(new, lambda said: pending.update({said.key: _done(said)}), wait=False)
        places = asyncio.Semaphore(self.settings.concurrency)
        for key, ask in new.items():
            if key not in pending:
                pending[key] = asyncio.run_coroutine_threadsafe(self._one(ask, places), self._loop)
        return pending

    def _replayed(self, asks: Iterable[str]) -> dict[str, Future[ApiReply]]:
        return {key: _done(said) for key in asks if (said := self._answers.get(key))}

    async def _start_batch(self, asks: Mapping[str, ApiRequest]) -> dict[str, Future[ApiReply]]:
        from pytest_ftgate.serve.api.batch import answer

        known = self._replayed(asks)
        pending, self._batch = await answer(self._batcher(), {key: asks[key] for key in asks if key not in known})
        return {**known, **pending}

    def _batcher(self) -> Batcher:
        from pytest_ftgate.serve.api.anthropic_transport import AnthropicLine
        from pytest_ftgate.serve.api.batch import Batcher
        from pytest_ftgate.serve.api.batch_calls import BatchCalls

        line = self._sender.line
        if not isinstance(line, AnthropicLine):
            raise ProviderError('Message Batches need api = "anthropic"; run without them')
        return Batcher(self._sender, BatchCalls(self._sender, line), self._log)

    async def _one(self, ask: ApiRequest, places: asyncio.Semaphore) -> ApiReply:
        async with places:
            if known := self._answers.get(ask.key):
                return known
            return await asyncio.shield(self._fly(ask))

    def _fly(self, ask: ApiRequest) -> asyncio.Task[ApiReply]:
        """The one task for this key, which nobody's impatience breaks off."""
        if ask.key not in self._flying:
            task = self._flying[ask.key] = asyncio.create_task(self._sender.ask(ask))
            task.add_done_callback(lambda done: self._landed(ask.key, done))
        return self._flying[ask.key]

    def _landed(self, key: str, task: asyncio.Task[ApiReply]) -> None:
        del self._flying[key]
        if not task.cancelled():
            task.exception()  # seen, so that asyncio does not complain when nobody waits for it any more

    def _seen(self, said: ApiReply) -> ApiReply:
        self.bill.add(said)
        return said

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def close(self) -> None:
        """Wait for what is under way, end the thread and let another run use the folder; safe to call twice."""
        if self._loop.is_closed():
            return
        self._sender.closing = True
        self._do(_end(list(self._flying.values()), self.settings.timeout_s))
        self._do(self._sender.line.close())
        self._opened.close()

    def _end_thread(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __enter__(self) -> Provider:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _done(said: ApiReply) -> Future[ApiReply]:
    answer: Future[ApiReply] = Future()
    answer.set_result(said)
    return answer


async def _sender(settings: Settings, key: str, answers: ReplyCache, bill: Bill, retry: Retry | None) -> Sender:
    """Made in the loop, where its connections live."""
    from pytest_ftgate.serve.api.retrying import Sender
    from pytest_ftgate.serve.retry import Retry

    return Sender(settings, _line(settings, key), answers, bill, retry or Retry())


def _line(settings: Settings, key: str) -> Line:
    if settings.api == "openai":
        from pytest_ftgate.serve.api.openai_transport import OpenAILine

        return OpenAILine(settings, key)
    from pytest_ftgate.serve.api.anthropic_transport import AnthropicLine

    return AnthropicLine(settings, key)


async def _end(flying: Iterable[asyncio.Task[ApiReply]], timeout_s: float) -> None:
    """Let what was sent arrive; cancel the rest."""
    if tasks := list(flying):
        await asyncio.wait(tasks, timeout=timeout_s)
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
