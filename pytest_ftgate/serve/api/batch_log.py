"""What was put into Message Batches -> lines of batches.jsonl, written before anything is sent, and back."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import JournalError
from pytest_ftgate.serve.api.append_log import Lines

FILE = "batches.jsonl"


@dataclass(frozen=True, slots=True)
class Planned:
    """A batch that is to be sent, or was. id: the server's, "" if it is not known whether there is one."""

    name: str
    at: datetime
    keys: frozenset[str]
    id: str = ""


class BatchLog:
    """Each batch is {"intent"} before it is sent, {"created"} with the server's id, {"over"} when nothing is left."""

    def __init__(self, folder: Path) -> None:
        """Raises JournalError."""
        self._lines = Lines(folder / FILE)
        self.ids: set[str] = set()
        self._open: dict[str, Planned] = {}
        for line in self._lines.read():
            self._take(line)

    def open(self) -> list[Planned]:
        """Batches that are not over, oldest first."""
        return list(self._open.values())

    def intent(self, keys: Sequence[str]) -> Planned:
        """A batch is about to be sent."""
        line = {"intent": uuid.uuid4().hex[:16], "at": datetime.now(UTC).isoformat(), "keys": list(keys)}
        self._write(line)
        return self._open[str(line["intent"])]

    def created(self, planned: Planned, id_: str) -> Planned:
        """The server has it."""
        self._write({"created": planned.name, "id": id_})
        return self._open[planned.name]

    def over(self, planned: Planned, how: str) -> None:
        """Nothing more is to be expected. how: "done", or "absent" if the server never had it or has it no more."""
        self._write({"over": planned.name, "how": how})

    def close(self) -> None:
        """Let another run write."""
        self._lines.close()

    def _write(self, line: Mapping[str, Any]) -> None:
        self._lines.append(line)
        self._take(line)

    def _take(self, line: Mapping[str, Any]) -> None:
        match line:
            case {"intent": str(name), "at": str(at), "keys": list(keys)}:
                self._open[name] = Planned(name, datetime.fromisoformat(at), frozenset(keys))
            case {"created": str(name), "id": str(id_)} if name in self._open:
                self.ids.add(id_)
                self._open[name] = replace(self._open[name], id=id_)
            case {"over": str(name)}:
                self._open.pop(name, None)
            case _:
                raise JournalError(f"{self._lines.path}: invalid line: {str(line)[:100]}; remove it")
