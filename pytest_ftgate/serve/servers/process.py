"""A command -> a running process group that can always be ended, and its log."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from pytest_ftgate.errors import ServeError
from pytest_ftgate.files.escape import printable
from pytest_ftgate.serve.servers.supervisor import remove, shared_memory

SUPERVISOR = Path(__file__).with_name("supervisor.py")


class ProcessGroup:
    """A command in a session and process group of its own; it ends when `stop` is called and when this process dies.

    log: file that takes what the command prints (never a pipe, which would block it when nobody reads).
    grace_s: seconds between SIGTERM and SIGKILL.
    """

    def __init__(self, command: Sequence[str], log: Path, env: Mapping[str, str], grace_s: float = 5.0) -> None:
        self.log, self.grace_s = log, grace_s
        self._last_code: int | None = None
        self._shared: set[str] = set()
        log.parent.mkdir(parents=True, exist_ok=True)
        argv = [sys.executable, "-I", str(SUPERVISOR), str(grace_s), *command]
        with log.open("wb") as out:
            try:
                self._process = subprocess.Popen(
                    argv, stdin=subprocess.PIPE, stdout=out, stderr=out, env=dict(env), start_new_session=True
                )
            except OSError as error:  # not its own traceback, whose local variables hold the environment
                raise ServeError(f"cannot start {command[0]}: {error.strerror}") from None
        self.pid = self._process.pid

    def exit_code(self) -> int | None:
        """None while the command runs; 128 + n if signal n ended it. What is left of an ended group is killed."""
        if self._last_code is None and self._process.poll() is not None:
            self._kill()
            code = self._process.returncode
            self._last_code = code if code >= 0 else 128 - code
        return self._last_code

    def stop(self) -> None:
        """SIGTERM to the group, SIGKILL after `grace_s`; returns when the group is gone."""
        if self.exit_code() is None:
            self.remember_shared_memory()
            self._signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(self.grace_s)
        self._kill()
        self._process.wait()
        if self._process.stdin:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        _wait_until_gone(self.pid)

    def remember_shared_memory(self) -> None:
        """What the group holds in /dev/shm now is removed at its end, also if it is killed from outside."""
        self._shared |= shared_memory(self.pid)

    def _kill(self) -> None:
        self.remember_shared_memory()
        self._signal(signal.SIGKILL)
        remove(self._shared)
        self._shared.clear()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def log_tail(self, lines: int = 12) -> str:
        """The last lines of the log, indented."""
        return log_tail(self.log, lines)

    def error(self, what: str, fix: str = "") -> ServeError:
        """A ServeError that says what happened, the last log lines, and what to do."""
        parts = [what, f"last lines of {self.log}:", self.log_tail() or "    (nothing)", fix]
        return ServeError("\n".join(part for part in parts if part))


def read_log(path: Path) -> bytes:
    """All of a log; nothing where a person has removed it."""
    return path.read_bytes() if path.is_file() else b""


def log_tail(path: Path, lines: int) -> str:
    """The last lines of a file of any size, indented by four; escaped, and without secrets. "" without the file."""
    if not path.is_file():
        return ""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - 16_384))
        text = stream.read().decode("utf-8", "replace")
    kept = [line for line in text.splitlines() if line.strip()][-lines:]
    return "\n".join(f"    {printable(line)}" for line in kept)


def _wait_until_gone(group: int, limit_s: float = 2.0) -> None:
    """Killed processes take a moment to disappear; where init is slow to reap them, they stay longer, but dead."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.01)
