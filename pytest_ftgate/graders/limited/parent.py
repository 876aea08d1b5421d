"""(function, arguments, time limit) -> what it returns, or GraderError: called in a child process that is kept."""

from __future__ import annotations

import atexit
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from pytest_ftgate.graders.limited.process import place
from pytest_ftgate.graders.value import GraderError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from subprocess import Popen

MOST_SECONDS = 3600.0
"""The longest time limit that a grader may have."""
_SPARE_S = 10.0
"""How much longer than the child, which ends itself, its parent waits; a child must also start in that time."""
_PROGRAM = """import sys
sys.path[:] = sys.argv[3:]
from pytest_ftgate.graders.limited.process import main
main(int(sys.argv[1]), int(sys.argv[2]))
"""
_FRAME = re.compile(r'^  File "(.+)", line (\d+) in ', re.MULTILINE)


def checked_limit(seconds: float) -> float:
    """The time limit in seconds. Raises GraderError if it is not above 0 and at most `MOST_SECONDS`."""
    if not 0 < seconds <= MOST_SECONDS:
        raise GraderError(f"timeout_s is {seconds}; must be above 0 and at most {MOST_SECONDS:g}")
    return seconds


def call_limited(function: Callable[..., Any], *arguments: Any, seconds: float, what: str) -> Any:
    """What a function of a module of ours returns, called in the child process.

    The arguments and what it returns are copied (pickled): the function changes nothing on this side.
    seconds: time limit of the call. what: the name of the work in messages.
    Raises GraderError: the function raised (anything), ran out of time, or ended its process.
    """
    with _LOCK:
        child = _child()
        with _stopped_on_error():
            found, why = child.ask((function, arguments, seconds), seconds, what)
    if why:
        raise GraderError(why)
    return found


class _Child:
    """One child process. It finds the modules that are found here: same `sys.path`, same working directory."""

    def __init__(self) -> None:
        import tempfile
        from multiprocessing import Pipe

        self.place = _place()
        self._faults: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  closed by `stop`
        self._connection, theirs = Pipe()
        try:
            self._process = _start(self._faults, theirs)
        finally:
            theirs.close()

    @property
    def usable(self) -> bool:
        """Whether it runs, and would find the modules that are found here now."""
        return self._process.poll() is None and self.place == _place()

    def ask(self, request: tuple[Any, ...], seconds: float, what: str) -> tuple[Any, str]:
        """Its answer to a request. Raises GraderError if it ends, or is not ready in time."""
        try:
            self._connection.send(request)
            if self._connection.poll(2 * seconds + _SPARE_S):
                return self._received()
        except (EOFError, OSError):
            raise GraderError(self._ended(seconds, what)) from None
        except Exception as error:  # noqa: BLE001 - a grader may write anything into a pipe that it finds
            raise GraderError(f"{what} disturbed the process that it runs in ({type(error).__name__})") from None
        raise GraderError(f"{what} timed out after {seconds:g} s")

    def _received(self) -> tuple[Any, str]:
        """The answer. Of one that only begins, the rest is waited for as long as a child may take to start."""
        rest = threading.Timer(_SPARE_S, self._process.kill)
        rest.start()
        try:
            value, why = self._connection.recv()
            return value, str(why)
        finally:
            rest.cancel()

    def _ended(self, seconds: float, what: str) -> str:
        import subprocess

        try:
            status = self._process.wait(_SPARE_S)
        except subprocess.TimeoutExpired:
            return f"{what} closed the connection of the process that it runs in"
        self._faults.seek(0)
        text = self._faults.read().decode("utf-8", "replace")
        at = place([(file, int(line)) for file, line in reversed(_FRAME.findall(text))])
        if text.startswith("Timeout"):
            return f"{what} timed out after {seconds:g} s{at}"
        how = f"signal {-status}" if status < 0 else f"exit code {status}"
        return f"{what} ended the process that it runs in ({how}){at}"

    def stop(self) -> None:
        """End the process and all that it started."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            self._process.kill()
        self._process.wait()
        self._connection.close()
        self._faults.close()


def _start(faults: IO[bytes], connection: Connection) -> Popen[bytes]:
    """The process, in a session of its own: Ctrl-C ends the parent, and with it this one."""
    import subprocess

    files = (faults.fileno(), connection.fileno())
    return subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, *map(str, files), *_place()[1]],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=faults,
        pass_fds=files,
        start_new_session=True,
    )


def _place() -> tuple[str, tuple[str, ...]]:
    try:
        folder = str(Path.cwd())
    except FileNotFoundError:
        folder = ""
    return folder, tuple(path for path in sys.path if isinstance(path, str))


_LOCK = threading.Lock()
_RUNNING: list[_Child] = []


def _child() -> _Child:
    """The child that is running, or a new one."""
    if _RUNNING and not _RUNNING[0].usable:
        _stop()
    if not _RUNNING:
        _RUNNING.append(_Child())
    return _RUNNING[0]


@atexit.register
def _stop() -> None:
    while _RUNNING:
        _RUNNING.pop().stop()


@contextmanager
def _stopped_on_error() -> Iterator[None]:
    """Its answer to a call that was given up, by Ctrl-C or by pytest-timeout, would be taken for the next one's."""
    try:
        yield
    except BaseException:
        _stop()
        raise
