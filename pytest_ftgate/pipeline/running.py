"""(state folder) -> which other runs use it now: each holds a lock on a file of its own, for as long as it lives."""

from __future__ import annotations

import json
import os
import secrets
import socket
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.files.disk import write_whole
from pytest_ftgate.files.file_lock import lock, lock_if_free
from pytest_ftgate.files.ordinary import is_file
from pytest_ftgate.files.text import shown

FOLDER = "running"


@dataclass(frozen=True, slots=True)
class Running:
    """A run. since: UTC, ISO 8601. trains: names of its pipelines. group: the same for all workers of one run."""

    pid: int
    host: str
    since: str
    trains: tuple[str, ...] = ()
    group: str = ""

    def __str__(self) -> str:
        return f"pid {self.pid} on {self.host}, since {self.since}"


class RunLock:
    """The place of this run among those that use a state folder. One that was killed is not there any more."""

    def __init__(self, state: Path) -> None:
        self._folder = state / FOLDER
        self._path: Path | None = None
        self._file = -1

    def take(self, trains: Sequence[str] = (), group: str = "") -> list[Running]:
        """Join, once; the others. group: processes of the same are one run.

        Raises FtgateError if another run trains one of `trains`.
        """
        since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        mine = Running(os.getpid(), socket.gethostname(), since, tuple(trains), group)
        try:
            with self._turn() as can_lock:
                if not can_lock:
                    return []
                others = [each for each in self._alive() if not group or each.group != group]
                _refuse_same(mine, others, self._folder.parent)
                self._join(mine)
        except OSError as error:
            raise FtgateError(f"{shown(self._folder)}: cannot be written: {error.strerror or error}") from error
        return others

    def release(self) -> None:
        """Leave; safe to call twice."""
        if self._path is not None:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
            os.close(self._file)
            self._path = None

    @contextmanager
    def _turn(self) -> Iterator[bool]:
        """Joining, one at a time. False on a file system without locks: there nobody can be seen."""
        self._folder.mkdir(parents=True, exist_ok=True)
        is_file(self._folder / "lock")
        with (self._folder / "lock").open("w") as stream:
            yield lock(stream.fileno())

    def _join(self, mine: Running) -> None:
        path = self._folder / f"{mine.pid}-{secrets.token_hex(4)}.json"
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
        self._path, self._file = path, file
        lock(file)
        write_whole(file, json.dumps(asdict(mine)).encode())

    def _alive(self) -> Iterator[Running]:
        """The others; what is left of killed ones is removed."""
        for path in sorted(self._folder.glob("*.json")):
            try:
                file = os.open(path, os.O_RDWR)
            except FileNotFoundError:
                continue
            try:
                if lock_if_free(file):
                    path.unlink(missing_ok=True)
                else:
                    yield _read(path)
            finally:
                os.close(file)


def _read(path: Path) -> Running:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return Running(**{**data, "trains": tuple(data["trains"])})
    except (OSError, ValueError, TypeError, KeyError):
        return Running(0, "unknown", "unknown")


def _refuse_same(mine: Running, others: Iterable[Running], state: Path) -> None:
    for other in others:
        if same := sorted({*mine.trains} & {*other.trains}):
            raise FtgateError(
                f"--train: {', '.join(same)} is being trained by another run in {shown(state)} ({other}); nothing was "
                "begun. Wait for it or stop it"
            )
