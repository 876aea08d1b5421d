"""ApiReply -> a line of answers.jsonl, written before it is used, and back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import JournalError
from pytest_ftgate.files.append_log import AppendLog, objects
from pytest_ftgate.serve.api.fsync import OnDisk
from pytest_ftgate.serve.api.request import PAID, ApiReply

FILE = "answers.jsonl"
IN_USE = ": another run is asking and writes this file; wait for it"
PRIVATE = 0o600


class ReplyCache:
    """What was paid for, by key: never asked for again. Also what was sent, so that a killed run is seen on the bill.

    Each attempt is a line {"sent": key, "dollars"} and then one of {"said": ...}, {"lost": key} (it may have been
    billed) or {"back": key} (it was not). A "sent" without the second is an attempt under way when the run was killed.
    """

    def __init__(self, folder: Path) -> None:
        """Raises JournalError."""
        self._log = AppendLog(folder / FILE, alone=IN_USE, mode=PRIVATE).open()
        self._on_disk = OnDisk(self._log.flush)
        self._said: dict[str, ApiReply] = {}
        under_way: dict[str, float] = {}
        unfinished: list[float] = []
        for line in objects(self._log.path):
            unfinished += self._take(line, under_way)
        unfinished += under_way.values()
        self.unfinished, self.unfinished_dollars = len(unfinished), sum(unfinished)

    def get(self, key: str) -> ApiReply | None:
        """The answer that is known, of this run or an earlier one."""
        return self._said.get(key)

    def known(self, keys: Iterable[str]) -> set[str]:
        """Those of the keys that have an answer."""
        return {key for key in keys if key in self._said}

    def sent(self, key: str, dollars: float) -> None:
        """An attempt is about to be sent. dollars: what it may cost at most."""
        self._log.append({"sent": key, "dollars": dollars})

    def keep(self, said: ApiReply) -> None:
        """Write down an answer that was paid for: no kill of this process loses it any more."""
        self._log.append({"said": said.to_json()})
        self._said[said.key] = replace(said, replayed=True)

    async def on_disk(self) -> None:
        """Return when no power cut loses it either."""
        await self._on_disk.wait()

    def broke_off(self, key: str, billed: bool) -> None:
        """An attempt ended without an answer. billed: it may have to be paid."""
        self._log.append({"lost" if billed else "back": key})

    def close(self) -> None:
        """Let another run write."""
        self._log.close()

    def _take(self, line: dict[str, Any], under_way: dict[str, float]) -> list[float]:
        """Dollars of the attempt that this line shows to have been under way when an earlier run was killed."""
        match line:
            case {"sent": str(key), "dollars": int(dollars) | float(dollars)}:
                killed = [under_way[key]] if key in under_way else []
                under_way[key] = float(dollars)
                return killed
            case {"said": {"key": str(key), "kind": kind}} if kind in PAID:
                self._said[key] = ApiReply.from_json(line["said"])
                under_way.pop(key, None)
            case {"lost": str(key)} | {"back": str(key)}:
                under_way.pop(key, None)
            case _:
                raise JournalError(f"{self._log.path}: invalid line: {str(line)[:100]}; remove it")
        return []
