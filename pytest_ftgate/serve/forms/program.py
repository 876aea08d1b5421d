"""A command of another program -> what it printed, once it has ended; it never outlives this process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.servers.process import SUPERVISOR

GRACE_S = "5"
"""Between SIGTERM and SIGKILL for what runs on when this process is gone."""


@dataclass(frozen=True, slots=True)
class Ended:
    """code: 128 + n if signal n ended it."""

    code: int
    stdout: str
    stderr: str


def run_program(
    option: str, command: Sequence[str], cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Ended:
    """Run a command to its end. It, and what it starts, ends when this process does, by a kill too.

    option: which named it, for the message. Raises ServeError if it cannot be started.
    """
    if (found := shutil.which(command[0])) is None:
        raise ServeError(f"{option}: cannot be started: no such program that may be run: {command[0]}")
    argv = [sys.executable, "-I", str(SUPERVISOR), GRACE_S, str(Path(found).absolute()), *command[1:]]
    with TemporaryFile() as out, TemporaryFile() as err:
        process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=out, stderr=err, cwd=cwd, env=env or os.environ, start_new_session=True
        )
        try:
            process.wait()
        finally:
            if process.stdin:
                process.stdin.close()
            code = process.wait()
        return Ended(code if code >= 0 else 128 - code, _text(out), _text(err))


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
