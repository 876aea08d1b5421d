"""(requests) -> replies by Message Batches: half the price, within a day, taken up again after a crash.

A batch is written down before it is sent. If its creation got no answer, it may exist all the same: then recent batches
of its size are waited for, and recognised by the custom ids of their results, before anything is sent again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import ProviderError
from pytest_ftgate.files.escape import one_line
from pytest_ftgate.serve.api.batch_calls import BatchCalls
from pytest_ftgate.serve.api.batch_log import BatchLog, Planned
from pytest_ftgate.serve.api.messages import body_of, parsed_reply
from pytest_ftgate.serve.api.parse import said_of
from pytest_ftgate.serve.api.request import ApiReply, ApiRequest
from pytest_ftgate.serve.api.retrying import Sender
from pytest_ftgate.serve.api.tokens import most
from pytest_ftgate.serve.client.completion import MALFORMED
from pytest_ftgate.serve.retry import RequestError

if TYPE_CHECKING:
    from anthropic.types.messages import MessageBatchIndividualResponse

MOST_REQUESTS = 100_000
MOST_BYTES = 256_000_000
TRIES = 3
"""How often one request is put into a batch, if the batches it was in expired or failed it."""

LOOKS = 3
"""How often a batch whose creation got no answer is looked for, poll_s apart, before it is taken to be absent."""

Done = Callable[[ApiReply], None]


class Batcher:
    """Answers many requests by batches."""

    def __init__(self, sender: Sender, calls: BatchCalls, log: BatchLog) -> None:
        self._sender, self._calls, self._log = sender, calls, log
        self._prices = sender.prices
        self._tries: dict[str, int] = {}

    async def take_up(self, asks: Mapping[str, ApiRequest], done: Done, wait: bool = True) -> None:
        """Results of batches of earlier runs. wait: also for those that the server is not done with.

        Raises ProviderError if they cannot be seen.
        """
        for planned in self._log.open():
            if not planned.keys.isdisjoint(asks):
                await self._told(self._resume(planned, asks, done, wait))

    async def ask_all(self, asks: Mapping[str, ApiRequest], done: Done) -> None:
        """Every request is answered, failed, or left for want of money; `done` is told of each once."""
        left = dict(asks)

        def gone(said: ApiReply) -> None:
            left.pop(said.key)
            done(said)

        await self.take_up(asks, gone)
        while left:
            for key in [key for key in left if self._tries.get(key, 0) >= TRIES]:
                gone(ApiReply(key, error=f"no answer from {TRIES} batches", kind="failed"))
            paid = self._affordable(left.values())
            if not paid:
                for key, ask in list(left.items()):
                    gone(ApiReply(key, error=self._sender.too_dear(self._aside(ask)), kind="budget"))
            await self._told(self._round(paid, gone))

    async def _told(self, work: Any) -> None:
        try:
            await work
        except RequestError as trouble:
            raise ProviderError(
                f"{self._sender.settings.base_url}: no response from the Batches API: {trouble.text}\n"
                "    batches are recorded; run again to resume"
            ) from None

    def _aside(self, ask: ApiRequest) -> float:
        return self._prices.dollars(most(ask), batch=True)

    def _affordable(self, asks: Iterable[ApiRequest]) -> list[ApiRequest]:
        """The first so many that the budget has money for, which is put aside."""
        taken = []
        for ask in asks:
            if not self._sender.budget.try_aside(self._aside(ask)):
                break
            taken.append(ask)
        return taken

    def _chunks(self, asks: Sequence[ApiRequest]) -> Iterator[dict[str, ApiRequest]]:
        """As many as one batch may hold."""
        chunk: dict[str, ApiRequest] = {}
        size = 0
        for ask in asks:
            bytes_ = len(json.dumps(self._request(ask)).encode()) + 1
            if chunk and (len(chunk) == MOST_REQUESTS or size + bytes_ > MOST_BYTES):
                yield chunk
                chunk, size = {}, 0
            chunk[ask.key] = ask
            size += bytes_
        if chunk:
            yield chunk

    def _request(self, ask: ApiRequest) -> Any:
        return {"custom_id": ask.key, "params": body_of(self._sender.settings, ask)}

    async def _round(self, asks: Sequence[ApiRequest], done: Done) -> None:
        """Send all as batches, then wait for each and read it. Raises RequestError."""
        held = {ask.key: self._aside(ask) for ask in asks}
        try:
            sent = [(await self._create_or_fail(chunk, held, done), chunk) for chunk in self._chunks(asks)]
            for planned, chunk in sent:
                if planned:
                    await self._collect(planned, chunk, done)
        finally:
            await self._sender.budget.settle(sum(held.values()), 0.0)

    async def _create_or_fail(
        self, chunk: Mapping[str, ApiRequest], held: dict[str, float], done: Done
    ) -> Planned | None:
        """None if there is none: refused, so that its requests failed, or left over. Raises other RequestErrors."""
        try:
            return await self._create(chunk, held)
        except RequestError as trouble:
            if trouble.kind != "refused":
                raise
            for key in chunk:
                done(ApiReply(key, error=trouble.text, kind="failed"))
            return None

    async def _create(self, chunk: Mapping[str, ApiRequest], held: dict[str, float]) -> Planned | None:
        """One batch at the server, found again if its creation was not answered. Raises RequestError.

        held: dollars put aside by key. A batch that may have been made and is not found is paid for; None if the rest
        of the money is not enough to send all of it once more.
        """
        attempt = 0
        while True:
            attempt += 1
            planned = self._log.intent(list(chunk))
            try:
                id_ = await self._calls.create([self._request(ask) for ask in chunk.values()])
                break
            except RequestError as trouble:
                unsure = trouble.billed or trouble.kind == "server_error"
                if unsure and (found := await self._find(planned)):
                    self._sender.count(trouble)
                    id_ = found
                    break
                self._log.over(planned, "absent")
                if trouble.billed:
                    await self._charge(chunk, held)
                await self._sender.wait_after(trouble, attempt)
                if trouble.billed and not self._hold(chunk, held):
                    return None
        self._sender.bill.attempts += len(chunk)
        for key in chunk:
            self._tries[key] = self._tries.get(key, 0) + 1
        return self._log.created(planned, id_)

    async def _charge(self, chunk: Mapping[str, ApiRequest], held: dict[str, float]) -> None:
        """Nobody knows whether these were billed, so what was put aside for them is spent."""
        asides = [held.pop(key) for key in chunk]
        self._sender.bill.attempts += len(chunk)
        for aside in asides:
            self._sender.possibly(aside)
        await self._sender.budget.settle(sum(asides), sum(asides))

    def _hold(self, chunk: Mapping[str, ApiRequest], held: dict[str, float]) -> bool:
        """Put the money aside again; False if that much is not left."""
        asides = {key: self._aside(ask) for key, ask in chunk.items()}
        if not self._sender.budget.try_aside(sum(asides.values())):
            return False
        held.update(asides)
        return True

    async def _find(self, planned: Planned) -> str:
        """The id of a batch whose creation got no answer; "" if the server does not have it. Raises RequestError."""
        for look in range(LOOKS):
            for id_ in await self._calls.like(planned):
                if id_ not in self._log.ids and await self._is(id_, planned):
                    return id_
            if look + 1 < LOOKS:
                await asyncio.sleep(self._sender.settings.poll_s)
        return ""

    async def _is(self, id_: str, planned: Planned) -> bool:
        """Custom ids are seen in the results alone, so it has to end first."""
        if not await self._calls.ended(id_):
            return False
        async for result in self._calls.results(id_):
            return result.custom_id in planned.keys
        return False

    async def _resume(self, planned: Planned, asks: Mapping[str, ApiRequest], done: Done, wait: bool) -> None:
        """Take up a batch of an earlier run. Raises RequestError."""
        if not planned.id:
            if not wait:
                return
            if not (id_ := await self._find(planned)):
                self._log.over(planned, "absent")
                return
            planned = self._log.created(planned, id_)
        if wait or await self._calls.look(planned.id) in {"ended", ""}:
            await self._collect(planned, asks, done)

    async def _collect(self, planned: Planned, asks: Mapping[str, ApiRequest], done: Done) -> None:
        """Wait for a batch and keep its answers; it stays open if some belong to requests that are not asked now."""
        if not await self._calls.ended(planned.id):
            self._log.over(planned, "absent")
            return
        read: dict[str, ApiReply | None] = {}
        async for result in self._calls.results(planned.id):
            ask = asks.get(result.custom_id)
            if ask and ask.key in planned.keys and ask.key not in read and not self._sender.answers.get(ask.key):
                read[ask.key] = await self._said(ask, result)
        await self._sender.answers.on_disk()
        if planned.keys <= read.keys() | self._sender.answers.known(planned.keys):
            self._log.over(planned, "done")
        for said in filter(None, read.values()):
            done(said)

    async def _said(self, ask: ApiRequest, result: MessageBatchIndividualResponse) -> ApiReply | None:
        """The answer, kept; None if it has to be asked for once more."""
        if result.result.type == "succeeded":
            return await self._kept(ask, result.result.message)
        self._sender.bill.troubles[result.result.type] += 1
        if result.result.type == "errored" and result.result.error.error.type == "invalid_request_error":
            text = one_line(result.result.error.error.message)
            return ApiReply(ask.key, error=f"refused: {text}", kind="failed")
        self._sender.bill.retries += 1
        return None

    async def _kept(self, ask: ApiRequest, message: Any) -> ApiReply | None:
        """None if the message is none, which is paid all the same, as far as anybody can know."""
        try:
            heard = parsed_reply(message, self._sender.settings.structured)
        except MALFORMED:
            self._sender.bill.troubles["malformed"] += 1
            self._sender.bill.retries += 1
            self._sender.possibly(self._aside(ask))
            await self._sender.budget.settle(0.0, self._aside(ask))
            return None
        said = said_of(ask, heard, self._prices.dollars(heard.usage, batch=True))
        self._sender.answers.keep(said)
        await self._sender.budget.settle(0.0, said.dollars)
        return said


async def answer(
    batcher: Batcher, asks: Mapping[str, ApiRequest]
) -> tuple[dict[str, Future[ApiReply]], asyncio.Task[None]]:
    """A pending reply for each request, and the task that fills them; if it fails, so does reading them."""
    pending: dict[str, Future[ApiReply]] = {key: Future() for key in asks}

    def done(said: ApiReply) -> None:
        if not pending[said.key].done():
            pending[said.key].set_result(said)

    def over(task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        for future in pending.values():
            if not future.done():
                future.set_exception(error) if error else future.cancel()

    task = asyncio.create_task(batcher.ask_all(asks, done))
    task.add_done_callback(over)
    return pending, task
