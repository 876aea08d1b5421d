"""(state folder) -> one line on why a run could not keep its answers there, before anything is paid for."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from pytest_ftgate.errors import JournalError
from pytest_ftgate.evaluate.journal import FOLDER as JOURNAL
from pytest_ftgate.files import STATE
from pytest_ftgate.files.git_ignore import make_ignored
from pytest_ftgate.files.ordinary import is_file, is_folder
from pytest_ftgate.files.text import shown

ROOM = 1 << 20
"""Bytes that must be free: what a run of 2,000 short answers writes."""


def check_state(state: Path) -> None:
    """Make the folder if need be. Raises JournalError: what is wrong, where, and what to do."""
    steps: tuple[tuple[Callable[[Path], object], Iterator[Path]], ...] = (
        (is_folder, _folders(state)),
        (_check_file, _files(state)),
        (make_ignored, iter([state])),
        (_check_room, _written(state)),
    )
    for check, paths in steps:
        for path in paths:
            _run(check, path)


def _run(check: Callable[[Path], object], path: Path) -> None:
    try:
        check(path)
    except OSError as error:
        raise JournalError(
            f"{shown(path)}: {error.strerror or error}; nothing was asked. Mend it, or name another state folder: "
            "--ftgate-state-dir"
        ) from error


def _folders(state: Path) -> Iterator[Path]:
    yield state
    yield from (state / name for name in dict.fromkeys(each.split("/")[0] for each in STATE if "/" in each))


def _files(state: Path) -> Iterator[Path]:
    yield from (state / name for name in STATE if "/" not in name)
    for name in (JOURNAL, "discordance"):
        yield from sorted((state / name).glob("*.json*"))


def _written(state: Path) -> Iterator[Path]:
    yield from (state, state / JOURNAL)


def _check_file(path: Path) -> None:
    if is_file(path) and not os.access(path, os.R_OK | os.W_OK):
        raise OSError("cannot be read and written: permission denied, or a read-only file system")


def _check_room(folder: Path) -> None:
    """Write what is gone again, also if this process is killed meanwhile."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as stream:
        try:
            stream.write(bytes(ROOM))
            stream.flush()
        except OSError as error:
            raise OSError(f"{error.strerror}: a run needs room for {ROOM >> 20} MB") from error
