"""A fast engine, asked directly and through the front of `ftgate serve` -> what the front costs, and what swaps cost.

make bench-serving       writes its table into bench/README.md
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median, quantiles

import aiohttp
import psutil

from bench.machine import machine
from bench.process import Server
from bench.table import BUSY, README

BEGIN, END = "<!-- serving: begin (written by `make bench-serving`) -->", "<!-- serving: end -->"
BODY = {"model": "mock", "messages": [{"role": "user", "content": "Is this spam? " * 20}], "temperature": 0}
ROUNDS, REQUESTS, IN_FLIGHT = 5, 2000, 32
RATE, SECONDS, SWAPS = 200, 11, 10
DELAY_MS = 20.0


@dataclass(frozen=True, slots=True)
class Load:
    """What clients saw. wall_s: from the first request to the last answer. latencies_s: of each. failed: others."""

    wall_s: float
    latencies_s: Sequence[float]
    versions: frozenset[str]
    failed: int = 0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies_s) / self.wall_s

    def percentile(self, percent: int) -> float:
        """Of the latencies, in milliseconds."""
        return 1000 * quantiles(self.latencies_s, n=100)[percent - 1]


@contextmanager
def front(url: str, every_s: float) -> Iterator[tuple[str, psutil.Process]]:
    """bench/front.py in a process of its own; its address."""
    command = [sys.executable, "-m", "bench.front", url, str(every_s)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1", psutil.Process(process.pid)
        process.communicate()


class Client:
    """One session that remembers what it saw."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session, self._url = session, f"{url}/chat/completions"
        self.latencies: list[float] = []
        self.versions: set[str] = set()
        self.failed = 0

    async def ask(self) -> None:
        """One request."""
        begin = time.perf_counter()
        try:
            async with self._session.post(self._url, json=BODY) as reply:
                said = await reply.json()
                ok = reply.status == 200 and bool(said["choices"])
                self.versions.add(reply.headers.get("X-Ftgate-Version", ""))
        except (aiohttp.ClientError, ValueError, KeyError):
            ok = False
        if ok:
            self.latencies.append(time.perf_counter() - begin)
        else:
            self.failed += 1

    def load(self, begin: float) -> Load:
        """What it saw since then."""
        return Load(time.perf_counter() - begin, self.latencies, frozenset(self.versions), self.failed)


@asynccontextmanager
async def client(url: str) -> AsyncIterator[Client]:
    """Warmed up."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        for _ in range(20):
            await Client(session, url).ask()
        yield Client(session, url)


async def as_fast_as_it_can(url: str) -> Load:
    """REQUESTS, IN_FLIGHT at one time."""
    async with client(url) as asking:
        begin, left = time.perf_counter(), iter(range(REQUESTS))

        async def worker() -> None:
            for _ in left:
                await asking.ask()

        await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))
        return asking.load(begin)


async def at_a_rate(url: str) -> Load:
    """RATE requests a second for SECONDS, whether the earlier ones are answered or not."""
    async with client(url) as asking:
        begin, tasks = time.perf_counter(), []
        for number in range(RATE * SECONDS):
            await asyncio.sleep(max(0.0, begin + number / RATE - time.perf_counter()))
            tasks.append(asyncio.create_task(asking.ask()))
        await asyncio.gather(*tasks)
        return asking.load(begin)


def measured() -> Iterator[str]:
    """The lines of the table."""
    direct, through = [], []
    with Server(0) as engine, front(engine.base_url, 0) as (url, process):
        before = _cpu_s(process)
        for _ in range(ROUNDS):
            direct.append(asyncio.run(as_fast_as_it_can(engine.base_url)).rate)
            through.append(asyncio.run(as_fast_as_it_can(url)).rate)
        cpu_ms = 1000 * (_cpu_s(process) - before) / (ROUNDS * REQUESTS)
    bare, ours = median(direct), median(through)
    with Server(DELAY_MS) as engine:
        alone = asyncio.run(at_a_rate(engine.base_url))
        with front(engine.base_url, 0) as (url, _):
            still = asyncio.run(at_a_rate(url))
        with front(engine.base_url, SECONDS / (SWAPS + 1)) as (url, _):
            swapped = asyncio.run(at_a_rate(url))
    load = os.getloadavg()[0]
    busy = " (**a busy machine: CPU and failures count**)" if load > BUSY * (os.cpu_count() or 1) + 3 else ""
    yield f"{machine()}. {datetime.now(UTC):%Y-%m-%d}, load average {load:.1f}{busy}."
    yield f"Client, front and a mock engine share these cores; medians of {ROUNDS} alternating rounds."
    yield ""
    yield "| | engine alone | through the front | ratio |"
    yield "|---|--:|--:|--:|"
    yield f"| requests/s, {IN_FLIGHT} in flight, engine of 0 ms | {bare:,.0f} | {ours:,.0f} | {ours / bare:.2f} |"
    yield f"| CPU of the front, ms a request | | {cpu_ms:.2f} | |"
    for percent in (50, 95, 99):
        one, other = alone.percentile(percent), still.percentile(percent)
        title = f"ms at {RATE} requests/s, engine of {DELAY_MS:g} ms, percentile {percent}"
        yield f"| {title} | {one:.1f} | {other:.1f} | {other / one:.2f} |"
    yield ""
    asked = RATE * SECONDS
    yield (
        f"{RATE} requests/s over {len(swapped.versions) - 1} swaps: {asked:,} requests, {swapped.failed} failed, "
        f"percentiles 50, 95 and 99 of {', '.join(f'{swapped.percentile(p):.1f}' for p in (50, 95, 99))} ms."
    )


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def main() -> None:
    """Print the table; put it into bench/README.md."""
    text = "\n".join(measured())
    print(text)
    pattern = re.compile(re.escape(BEGIN) + ".*" + re.escape(END), re.DOTALL)
    old = README.read_text(encoding="utf-8")
    README.write_text(pattern.sub(lambda _: f"{BEGIN}\n{text}\n{END}", old), encoding="utf-8")


if __name__ == "__main__":
    main()
