"""(task, items, decision_log) -> ReviewQueue: which item is next, and what was decided about the others."""

from __future__ import annotations

import getpass
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pytest_ftgate.annotation.decision_log import DecisionLog, Record
from pytest_ftgate.annotation.item import Choice, Item, ReviewError, Task


@dataclass(frozen=True, slots=True)
class Decision:
    """One item's last word. value: of the choice. text: as edited, None if it was not. at: UTC, ISO 8601."""

    item: str
    value: str
    by: str
    at: str
    text: str | None = None


class ReviewQueue:
    """The first item without a decision is the current one, so a session that ended goes on where it was.

    by: who decides, a pseudonym; default: the login name. Threads may call it at the same time.
    """

    def __init__(self, task: Task, items: Sequence[Item], decision_log: DecisionLog, by: str = "") -> None:
        self.task = task
        self.items = tuple(items)
        self.by = by or getpass.getuser()
        self._book = decision_log
        self._lock = threading.RLock()
        self._known = {item.id: item for item in items}

    @property
    def decisions(self) -> dict[str, Decision]:
        """The decision on each item, in the order they were taken; of items that are here."""
        return {id_: made for id_, made in decided(self._book.records).items() if id_ in self._known}

    @property
    def current(self) -> Item | None:
        """The item to decide next; None if all are decided."""
        made = self.decisions
        return next((item for item in self.items if item.id not in made), None)

    @property
    def done(self) -> int:
        """How many items are decided."""
        return len(self.decisions)

    def choice(self, key: str) -> Choice | None:
        """The choice of a key, or of a value."""
        return next((each for each in self.task.choices if key in (each.key, each.value)), None)

    def decide(self, item_id: str, value: str, text: str | None = None) -> None:
        """Write a decision on the current item. Raises ReviewError, and then nothing is written."""
        with self._lock:
            item, choice = self.current, self.choice(value)
            if item is None or item.id != item_id:
                raise ReviewError("this item was already decided, perhaps in another page; showing the next one")
            if choice is None:
                known = ", ".join(each.value for each in self.task.choices)
                raise ReviewError(f"{value!r} is not a choice; allowed: {known}")
            record: Record = {"item": item.id, "choice": choice.value, "by": self.by, "at": _now()}
            self._book.append(record | self._edited(item, choice, text))

    def undo(self) -> Item | None:
        """Take the last decision back; the item it was about, which is current again if none before it is open."""
        with self._lock:
            last = next(reversed(self.decisions), None)
            if last is None:
                return None
            self._book.append({"item": last, "undo": True, "by": self.by, "at": _now()})
            return self._known[last]

    def _edited(self, item: Item, choice: Choice, text: str | None) -> Record:
        if not choice.edits:
            return {}
        if problem := self.task.check(item, text or ""):
            raise ReviewError(problem)
        return {"text": self.task.kept(text or "")}


def decided(records: Sequence[Record]) -> dict[str, Decision]:
    """What stands after all lines, undone decisions left out, in the order of the decisions."""
    found: dict[str, Decision] = {}
    for record in records:
        if "item" in record:
            found.pop(record["item"], None)
            if not record.get("undo"):
                found[record["item"]] = _decision(record)
    return found


def _decision(record: Record) -> Decision:
    item, value, by, at = (str(record.get(key, "")) for key in ("item", "choice", "by", "at"))
    return Decision(item, value, by, at, record.get("text"))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
