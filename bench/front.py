"""`python -m bench.front URL SWAP_EVERY_S` -> the front of `ftgate serve` before an engine; prints its port.

0 seconds: no swaps. Each swap is to another version. It serves until its standard input ends.
"""

from __future__ import annotations

import asyncio
import sys

from aiohttp import web

from pytest_ftgate.serve.engine import Endpoint
from pytest_ftgate.serve.front.app import Front
from pytest_ftgate.serve.front.metrics import FrontMetrics
from pytest_ftgate.serve.front.route import Route
from pytest_ftgate.serve.front.state import FrontState


async def serve(url: str, every_s: float) -> None:
    """Until standard input ends."""
    state = FrontState("mock", FrontMetrics())
    runner = web.AppRunner(Front(state).app(), access_log=None, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    state.switch(_route(url, 0))
    print(runner.addresses[0][1], flush=True)
    swapping = asyncio.create_task(_swap(state, url, every_s)) if every_s else None
    await asyncio.to_thread(sys.stdin.read)
    if swapping:
        swapping.cancel()
    await runner.cleanup()


async def _swap(state: FrontState, url: str, every_s: float) -> None:
    """Each one drained before the next, as where adapters are unloaded."""
    for number in range(1, 10_000):
        await asyncio.sleep(every_s)
        old = state.switch(_route(url, number))
        if old:
            await old.drained()


def _route(url: str, number: int) -> Route:
    return Route(f"v{number}", f"{number:064x}", Endpoint(url, f"ftgate-{number:020x}"))


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], float(sys.argv[2])))
