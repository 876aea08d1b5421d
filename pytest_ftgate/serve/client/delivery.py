"""Finished (Request, Response)s -> whoever keeps them, those of one turn of the event loop at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pytest_ftgate.serve.client.send_chat import Request
from pytest_ftgate.serve.response import Response

Finished = tuple[Request, Response]
OnDone = Callable[[Sequence[Finished]], None]
"""Keeps answers, in a journal for example, before anybody can read them."""


@dataclass(slots=True)
class _Batch:
    on_done: OnDone
    finished: list[Finished] = field(default_factory=list)
    handed_on: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None


class Delivery:
    """Groups what arrives together.

    Writing costs system calls, and after each of them Python's lock must be won back from a main thread that computes:
    one for all answers of a turn in place of one for each keeps the window of requests full.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._open: dict[OnDone, _Batch] = {}

    async def hand_on(self, on_done: OnDone, request: Request, response: Response) -> None:
        """Return when on_done was called with this answer, and perhaps others. Raises what on_done raised."""
        batch = self._open.get(on_done)
        if batch is None:
            batch = self._open[on_done] = _Batch(on_done)
            self._loop.call_soon(self._close, batch)
        batch.finished.append((request, response))
        await batch.handed_on.wait()
        if batch.error is not None:
            raise batch.error

    def _close(self, batch: _Batch) -> None:
        del self._open[batch.on_done]
        try:
            batch.on_done(batch.finished)
        except Exception as error:  # noqa: BLE001 - raised again for each answer
            batch.error = error
        batch.handed_on.set()
