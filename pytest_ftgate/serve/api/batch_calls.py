"""The calls of the Batches API, each tried until it works: create, look, list, read the results."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_ftgate.serve.api.anthropic_transport import AnthropicLine
from pytest_ftgate.serve.api.batch_log import Planned
from pytest_ftgate.serve.api.retrying import Sender
from pytest_ftgate.serve.retry import RequestError

if TYPE_CHECKING:
    from anthropic.types.messages import MessageBatchIndividualResponse

T = TypeVar("T")
UPLOAD_S = 600.0
CLOCKS_APART = timedelta(minutes=15)
"""How much the server's clock may be behind ours."""

PAGE = 100


class BatchCalls:
    """Over the SDK's client; troubles are counted and waited for like those of single requests."""

    def __init__(self, sender: Sender, line: AnthropicLine) -> None:
        self._sender, self._line = sender, line
        self._batches = line.client.messages.batches

    async def create(self, requests: Sequence[Any]) -> str:
        """The id of a new batch, after one attempt. Raises RequestError."""
        made = await self._line.attempt(self._batches.create(requests=requests), UPLOAD_S)
        return made.id

    async def look(self, id_: str) -> str:
        """How far a batch is: "in_progress", "canceling", "ended"; "" if the server lost it. Raises RequestError."""
        return await self._insist(lambda: self._look(id_))

    async def _look(self, id_: str) -> str:
        try:
            return (await self._line.attempt(self._batches.retrieve(id_))).processing_status
        except RequestError as trouble:
            if trouble.status == 404:
                return ""
            raise

    async def ended(self, id_: str) -> bool:
        """Wait until the server is done with a batch; False if it has it no more. Raises RequestError."""
        while (status := await self.look(id_)) not in {"ended", ""}:
            await asyncio.sleep(self._sender.settings.poll_s)
        return status == "ended"

    async def like(self, planned: Planned) -> list[str]:
        """Ids of batches that may be this one: not made before it was planned, and of its size. Raises RequestError."""
        return await self._insist(lambda: self._line.attempt(self._like(planned)))

    async def _like(self, planned: Planned) -> list[str]:
        found = []
        async for batch in self._batches.list(limit=PAGE):
            if batch.created_at < planned.at - CLOCKS_APART:
                break
            if sum(batch.request_counts.model_dump().values()) == len(planned.keys):
                found.append(batch.id)
        return found

    async def results(self, id_: str) -> AsyncIterator[MessageBatchIndividualResponse]:
        """Every result, as it comes; begun again after a broken connection, so some may repeat. Raises RequestError."""
        attempt = 0
        while True:
            attempt += 1
            try:
                lines = await self._line.attempt(self._batches.results(id_))
                reader = aiter(lines)
                while (result := await self._line.attempt(_next(reader))) is not None:
                    yield result
            except RequestError as trouble:
                await self._sender.wait_after(trouble, attempt)
            else:
                return

    async def _insist(self, call: Callable[[], Coroutine[Any, Any, T]]) -> T:
        attempt = 0
        while True:
            attempt += 1
            try:
                return await call()
            except RequestError as trouble:
                await self._sender.wait_after(trouble, attempt)


async def _next(reader: AsyncIterator[T]) -> T | None:
    return await anext(reader, None)
