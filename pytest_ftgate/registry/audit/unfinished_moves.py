"""(entries of an audit log, champions of the registry) -> notes on moves that were announced and did not come about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pytest_ftgate.registry.audit.check import Finding
from pytest_ftgate.registry.audit.entry import Entry
from pytest_ftgate.registry.audit.moves import MOVES


def unfinished(entries: Sequence[Entry], champions: Mapping[str, int | None]) -> Iterator[Finding]:
    """Notes on announced moves after which another champion was found. champions: task -> number of its champion."""
    failed = {entry.what.get("line") for entry in entries if entry.kind == "failed"}
    last: dict[str, Entry] = {}
    for entry in entries:
        if entry.kind not in MOVES or entry.line in failed:
            continue
        before, last[entry.task] = last.get(entry.task), entry
        if before and before.what["version"] != entry.what["over"]:
            yield _note(before, f"line {entry.line} found {_name(entry.what['over'])}")
    for task, number in champions.items():
        if task in last and last[task].what["version"] != number:
            yield _note(last[task], f"the registry has {_name(number)}")


def _note(entry: Entry, found: str) -> Finding:
    text = f"announced {_name(entry.what['version'])} as champion of {entry.task}, but {found}: interrupted before "
    return Finding(entry.line, f"{text}the alias moved, or a later move is in another log", grave=False)


def _name(number: object) -> str:
    return f"v{number}" if number else "no version"
