"""Front and follower -> a server until a signal comes, which ends when what it is answering is answered."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from pytest_ftgate.errors import ServeError
from pytest_ftgate.pipeline.production.aside import aside

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.production.engines import Loaded
    from pytest_ftgate.pipeline.production.follow import Follower
    from pytest_ftgate.serve.front.app import Front

BACKLOG = 1024
KEEP_ALIVE_S = 75.0
"""Seconds that an idle connection of a client is kept: longer than nginx keeps its own, 60."""

CLOSE_S = 2.0
"""Seconds in which what was answered must be on its way, once the last request is done."""


@dataclass(frozen=True, slots=True)
class Listening:
    """host, port: where clients ask; port 0: any that is free. drain_s: seconds that requests on their way may take
    after a signal. grace_s: seconds before that in which new ones are still answered, for whoever routes them here.
    """

    host: str
    port: int
    drain_s: float = 30.0
    grace_s: float = 5.0


async def serve(front: Front, follower: Follower, listening: Listening, ready: Callable[[str, Loaded], None]) -> None:
    """Serve until SIGTERM or Ctrl-C. ready: called once, with the address. Raises FtgateError."""
    ending = _Ending()
    try:
        async with _site(front, listening) as address:
            work = asyncio.create_task(_work(follower, address, ready))
            stop = asyncio.create_task(ending.signal.wait())
            await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                stop.cancel()
                work.result()
            await _drained(front, listening, ending, follower.say)
            work.cancel()
            with suppress(asyncio.CancelledError):
                await work
    finally:
        front.state.leaving = True  # an engine that ends from here on is not started again
        await aside(follower.engines.stop)


async def _work(follower: Follower, address: str, ready: Callable[[str, Loaded], None]) -> None:
    ready(address, await follower.begin())
    await follower.run()


class _Ending:
    """The signals. The first one asks to drain, the second to end at once."""

    def __init__(self) -> None:
        self.signal, self.at_once = asyncio.Event(), asyncio.Event()
        self.patient = True  # Ctrl-C is a person, who waits for no router
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._heard, number)

    def _heard(self, number: signal.Signals) -> None:
        if self.signal.is_set():
            self.at_once.set()
        self.patient = number == signal.SIGTERM
        self.signal.set()

    async def sleep(self, seconds: float) -> None:
        """Less if a second signal comes."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.at_once.wait(), seconds)


async def _drained(front: Front, listening: Listening, ending: _Ending, say: Callable[[str], None]) -> None:
    state = front.state
    state.leaving = True
    if state.current is None:
        return
    if ending.patient and listening.grace_s:
        say(f"stopping: new requests are answered for {listening.grace_s:g} s more")
        await ending.sleep(listening.grace_s)
    state.refusing = True
    loop = asyncio.get_running_loop()
    end = loop.time() + listening.drain_s
    while state.metrics.in_flight and loop.time() < end and not ending.at_once.is_set():
        await asyncio.sleep(0.05)
    if left := state.metrics.in_flight:
        say(f"{left} requests were cut off; a longer --drain would have let them end")


@asynccontextmanager
async def _site(front: Front, listening: Listening) -> AsyncIterator[str]:
    """The front answers at the address inside the block."""
    runner = web.AppRunner(
        front.app(),
        access_log=None,
        handler_cancellation=True,
        keepalive_timeout=KEEP_ALIVE_S,
        shutdown_timeout=CLOSE_S,
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, listening.host, listening.port, backlog=BACKLOG)
        try:
            await site.start()
        except OSError as error:
            where = f"{listening.host}:{listening.port}"
            why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
            raise ServeError(f"cannot listen on {where}: {why}\n    pass another --host or --port") from None
        host, port = runner.addresses[0][:2]
        yield f"http://{f'[{host}]' if ':' in host else host}:{port}/v1"
    finally:
        await runner.cleanup()
