"""(function, arguments) -> what it returns, called in the child of `graders/limited/parent.py`.

Code of the project may do here what it likes: exit, hang, fork, print, change the folder or a signal handler.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sysconfig
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.files.escape import visible
from pytest_ftgate.files.secrets import mask

_MOST_SHOWN = 1000
_LIBRARIES = (sysconfig.get_path("stdlib"), str(Path(__file__).parents[2]))
"""Folders of Python itself and of this package."""


@dataclass(slots=True)
class _Call:
    """seconds: time limit of the call that is running. fault_file: as of `main`."""

    seconds: float = 0.0
    fault_file: int = 0

    def __bool__(self) -> bool:
        return self.seconds > 0


_CALL = _Call()


def raised(error: BaseException) -> str:
    """Type, text and place of an exception, in one line: "KeyError: 'label' (at graders.py:12)"."""
    frames = [(frame.filename, frame.lineno or 0) for frame in traceback.extract_tb(error.__traceback__)]
    return f"{type(error).__name__}: {short_line(str(error))}{place(frames)}"


def place(frames: Sequence[tuple[str, int]]) -> str:
    """Return " (at file:line)" of the last frame of the project's own code, else of the last frame; "" without one."""
    real = [frame for frame in frames if not frame[0].startswith("<frozen ")]
    own = [frame for frame in real if not frame[0].startswith(_LIBRARIES) and "site-packages" not in frame[0]]
    return next((f" (at {file}:{line})" for file, line in reversed(own or real)), "")


def short_line(text: str) -> str:
    """The text without line breaks, secrets and what a terminal obeys; cut off after 1,000 characters.

    Masked before it is cut: the beginning of a key at the end would not be known for one.
    """
    return visible(mask(" ".join(text[: 100 * _MOST_SHOWN].split()))[:_MOST_SHOWN])


def restart_clock() -> None:
    """Give the call that is running its whole time limit again: what it had to load is not counted."""
    if _CALL:
        faulthandler.dump_traceback_later(_CALL.seconds, exit=True, file=_CALL.fault_file)


def main(fault_file: int, connection_file: int) -> None:
    """Answer requests until the parent is gone, then end this process and all that it started.

    fault_file: descriptor for the traceback of a call that has run out of time, or has crashed the interpreter.
    connection_file: descriptor of the connection to the parent.
    """
    from multiprocessing.connection import Connection

    os.dup2(os.open(os.devnull, os.O_RDWR), 2)
    faulthandler.enable(file=fault_file)
    _CALL.fault_file = fault_file
    connection = Connection(connection_file)
    os.register_at_fork(after_in_child=connection.close)
    try:
        while True:
            function, arguments, seconds = connection.recv()
            connection.send(_answer(function, arguments, seconds))
    finally:
        os.killpg(0, signal.SIGKILL)


def _answer(function: Callable[..., Any], arguments: tuple[Any, ...], seconds: float) -> tuple[Any, str]:
    """(what the function returns, why it does not). A child that the function forked ends here."""
    process = os.getpid()
    _CALL.seconds = seconds
    try:
        restart_clock()
        return function(*arguments), ""
    except FtgateError as error:
        return None, str(error)
    except BaseException as error:  # noqa: BLE001  sys.exit() and pytest.skip() end no more than this call
        return None, raised(error)
    finally:
        faulthandler.cancel_dump_traceback_later()
        if os.getpid() != process:
            os._exit(0)
