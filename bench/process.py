"""(command, environment) -> Run: wall time, CPU time and peak memory of a process and its children."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

HERE = Path(__file__).parent


class BenchError(Exception):
    """A client did not do what it was measured for."""


@dataclass(frozen=True, slots=True)
class Run:
    """One measured command. wall_s: start to exit. cpu_s: user and system, children included. rss_mb: peak.

    asked_s: from the server's first request to its last answer. requests, most_in_flight: as the server counted.
    load: the machine's load average (1 minute) when the run began.
    """

    wall_s: float
    cpu_s: float
    rss_mb: float
    output: str
    load: float
    asked_s: float = 0.0
    requests: int = 0
    most_in_flight: int = 0


def run(command: Sequence[str], cwd: Path, env: Mapping[str, str], limit_s: float = 900.0) -> Run:
    """Run it to its end. Raises BenchError if it fails or takes longer than the limit."""
    log = cwd / "client.log"
    load = os.getloadavg()[0]
    with log.open("wb") as out:
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=cwd, env=dict(env), stdout=out, stderr=out, start_new_session=True)
        timer = threading.Timer(limit_s, _kill, (process.pid,))
        timer.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        timer.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    output = log.read_text(encoding="utf-8", errors="replace")
    if process.returncode:
        raise BenchError(f"{' '.join(command)}: exit status {process.returncode}\n{output[-3000:]}")
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output, load)


def _kill(group: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, 9)


class Server:
    """`with Server(delay_ms) as server:` bench/server.py in a process of its own; `seen` is set at the end."""

    def __init__(self, delay_ms: float) -> None:
        self._command = [sys.executable, str(HERE / "server.py"), "--delay-ms", str(delay_ms)]
        self.seen: dict[str, float] = {}

    def __enter__(self) -> Server:
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.base_url = f"http://127.0.0.1:{int(self._process.stdout.readline())}/v1"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        said, _ = self._process.communicate()
        self.seen = json.loads(said)
