"""(kind, task, facts, line before) -> Entry, and Entry <-> its one line of bytes.

A line is canonical JSON of the fields of Entry. `sha256` is that of the entry without it, so an edited line does not
fit itself; `prev` is the sha256 of the whole line before, so a line that was edited with its `sha256` does not fit the
one after it.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import socket
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pytest_ftgate.files.digest import canonical, digest_of

KINDS = {
    "judged": "a version was registered with the verdict of the gate",
    "promote": "a version became the champion",
    "override": "a version became the champion against its verdict",
    "rollback": "an earlier champion became the champion again",
    "reset": "the task begins anew without a champion",
    "unlock": "the lock of a promotion was broken",
    "confirmed": "the signed move that an earlier line announced has come about",
    "failed": "the move that an earlier line announced was refused or not confirmed",
    "promoters": "who may move the champion of a task was written down, or changed",
    "alarm": "a canary alarm, or drift of inputs",
    "retrain": "a retraining was begun, after an alarm or by schedule",
    "lock": "a golden set was accepted as it is; the task is the name of the set",
    "export": "a version was written in another form, or sent elsewhere",
    "data": "files of training data were read",
    "restore": "versions, runs and champions were restored from a backup",
    "repair": "a crash had torn the line before",
}
"""Kind -> what it records. A move is written before the pointer moves; the next move names the champion it found."""

FIRST = "0" * 64
"""`prev` of the first line."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. line: 1-based. at: UTC, ISO 8601. by: user@host. log: random id of the file. what: facts as JSON."""

    line: int
    log: str
    at: str
    by: str
    kind: str
    task: str
    what: Mapping[str, Any]
    prev: str
    sha256: str = ""

    def sealed(self) -> Entry:
        """The same with its own `sha256`. Raises ValueError or TypeError if the facts are not JSON."""
        fields = asdict(self)
        del fields["sha256"]
        return Entry(**fields, sha256=digest_of(fields))

    def to_bytes(self) -> bytes:
        """The line, without its end."""
        return canonical(asdict(self)).encode("utf-8", "surrogatepass")


@dataclass(frozen=True, slots=True)
class Head:
    """What is kept outside the file, at a promotion: its id, how many lines it had, the sha256 of the last one.

    place: "host:path" of the file. by: what was promoted then ("spam v3").
    """

    log: str
    line: int
    sha256: str
    place: str
    by: str = ""


def read_entry(line: bytes) -> Entry | None:
    """The entry of a line (without its end), None if the line is none; whether it is unedited says `is_whole`."""
    try:
        data = json.loads(line)
        return Entry(**data) if isinstance(data, dict) and isinstance(data.get("what"), dict) else None
    except (ValueError, TypeError, RecursionError):
        return None


def is_whole(entry: Entry, line: bytes) -> bool:
    """Whether a line is, byte by byte, the one that was written as this entry."""
    return entry.sealed().to_bytes() == line


def sha256_of(line: bytes) -> str:
    """What the next line holds as `prev`; line: without its end."""
    return hashlib.sha256(line).hexdigest()


def now() -> str:
    """UTC to the second, "2026-11-22T04:10:54Z"."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def who() -> str:
    """user@host of this process."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"
