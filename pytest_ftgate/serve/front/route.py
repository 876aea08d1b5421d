"""One version at one engine, and the requests that it is answering."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pytest_ftgate.serve.engine import Endpoint


@dataclass(slots=True, eq=False)
class Route:
    """Where a version answers.

    version: as in "v3". digest: of the model as it is served, with base, precision and engine (64 hex digits).
    in_flight: requests on their way; one that has begun here ends here, whatever is the champion meanwhile.
    """

    version: str
    digest: str
    endpoint: Endpoint
    in_flight: int = 0
    _idle: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set[asyncio.Task[object]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._idle.set()

    @contextmanager
    def request(self) -> Iterator[None]:
        """Count one request."""
        task = asyncio.current_task()
        self.in_flight += 1
        self._idle.clear()
        self._tasks |= {task} if task else set()
        try:
            yield
        finally:
            self._tasks -= {task}
            self.in_flight -= 1
            if not self.in_flight:
                self._idle.set()

    def cut_off(self) -> None:
        """End what is on its way; the clients see their connections close."""
        for task in self._tasks:
            task.cancel()

    async def drained(self) -> None:
        """Return when no request is on its way."""
        await self._idle.wait()
