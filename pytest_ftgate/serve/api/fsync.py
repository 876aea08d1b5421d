"""(how to bring a file to the disk) -> everything written to it is there: one call for all who wait at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class OnDisk:
    """`sync` in a thread, so that the asyncio loop goes on; whoever asks while one runs shares the next."""

    def __init__(self, sync: Callable[[], None]) -> None:
        self._to_disk = sync
        self._running: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None

    async def wait(self) -> None:
        """Return when everything written before this call is on the disk. Raises OSError."""
        if self._next is None:
            self._next = asyncio.create_task(self._sync(self._running))
        await asyncio.shield(self._next)

    async def _sync(self, before: asyncio.Task[None] | None) -> None:
        if before:
            await asyncio.wait([before])
        self._running, self._next = self._next, None
        await asyncio.to_thread(self._to_disk)
