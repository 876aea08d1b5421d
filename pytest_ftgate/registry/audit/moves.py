"""Audit log -> the moves of a task's champion that it announces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytest_ftgate.registry.audit.entry import Entry, is_whole, read_entry
from pytest_ftgate.registry.audit.log import AuditLog

MOVES = ("promote", "override", "rollback")
RESET = "reset"
CONFIRMED = "confirmed"
"""A signed move that came about, by its line: an older state of the registry is then known to be one."""


def entries_of(log: AuditLog, task: str) -> list[Entry]:
    """The entries about a task, as far as nobody has edited them."""
    found = ((line, read_entry(line)) for line in log.lines()[0])
    return [entry for line, entry in found if entry and entry.task == task and is_whole(entry, line)]


def tasks_of(log: AuditLog) -> set[str]:
    """The tasks whose champion was ever moved."""
    entries = (read_entry(line) for line in log.lines()[0])
    return {entry.task for entry in entries if entry and entry.kind in MOVES}


def moves_of(log: AuditLog, task: str) -> list[Entry]:
    """Promotions, overrides and rollbacks since the task began, or began anew; without those that are known to have
    failed. The last one may not have come about: a process that was killed cannot say so.
    """
    return moves_in(entries_of(log, task))


def moves_in(entries: Sequence[Entry]) -> list[Entry]:
    """The same, of the entries about one task."""
    begin = next((place for place in range(len(entries), 0, -1) if entries[place - 1].kind == RESET), 0)
    failed = {entry.what.get("line") for entry in entries if entry.kind == "failed"}
    return [entry for entry in entries[begin:] if entry.kind in MOVES and entry.line not in failed]


def told_moves(log: AuditLog, task: str) -> list[dict[str, Any]]:
    """Of each move in the log, the oldest first: at, by, kind, version, reason; for pages that list them."""
    return [
        {"at": move.at, "by": move.by, "kind": move.kind}
        | {key: move.what.get(key, "") for key in ("version", "reason")}
        for move in moves_in(entries_of(log, task))
    ]


def last_confirmed(entries: Sequence[Entry], moves: Sequence[Entry]) -> Entry | None:
    """The last of these moves that is known to have come about; None if there is none. entries: about their task."""
    done = {entry.what.get("line") for entry in entries if entry.kind == CONFIRMED}
    return next((move for move in reversed(moves) if move.line in done), None)
