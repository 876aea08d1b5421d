"""(Suite, margin) -> golden.lock: what was accepted of a golden set, and how it came to be, sealed.

Every `ftgate lock` that changes something adds an entry to the history. An entry holds the digest of what was accepted
and a seal over itself and the entry before: neither what is accepted nor its history can be edited by hand unnoticed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import Fault, FileFaults, LockError
from pytest_ftgate.evaluate.lock_changes import Accepted, accepted_of, changes
from pytest_ftgate.evaluate.suite import Suite
from pytest_ftgate.files.atomic import write_text
from pytest_ftgate.files.digest import digest_of
from pytest_ftgate.files.text import read_text, shown
from pytest_ftgate.golden.paths import companion, set_argument


@dataclass(frozen=True, slots=True)
class Entry:
    """One `ftgate lock`. at: UTC, ISO 8601. changes: in words. accepted: digest of what was accepted.

    seal: sha256 of the other fields and of the seal before, 64 hex digits.
    """

    at: str
    changes: tuple[str, ...]
    accepted: str
    seal: str = ""

    def sealed(self, before: str) -> Entry:
        """The same with its own seal; before: the seal of the entry before, "" for the first."""
        return Entry(self.at, self.changes, self.accepted, digest_of([before, self.at, self.changes, self.accepted]))

    def __str__(self) -> str:
        return f"on {self.at[:10]}: {', '.join(self.changes)}"


@dataclass(frozen=True, slots=True)
class Lock:
    """What a golden.lock holds. history: oldest first, one entry or more."""

    accepted: Accepted
    history: tuple[Entry, ...]

    @property
    def delta(self) -> float:
        """Margin of the champion check, a share (0.03 = 3 points)."""
        return self.accepted.delta

    @property
    def seal(self) -> str:
        """Of the last entry; it stands for the whole lock."""
        return self.history[-1].seal

    def since(self, seal: str) -> tuple[Entry, ...] | None:
        """The entries after the one with this seal; None if the history does not have it."""
        places = [place for place, entry in enumerate(self.history, 1) if entry.seal == seal]
        return self.history[places[0] :] if places else None


def lock_path(golden_path: Path) -> Path:
    """golden.lock beside golden.toml; <name>.golden.lock beside a single file. A lock's own path stays as it is."""
    return companion(Path(golden_path), ".lock")


def renewed(golden_path: Path, suite: Suite, delta: float | None = None) -> Lock:
    """The lock that accepts the suite as it is now, not yet written; the present one if nothing has changed.

    delta: new margin, a share between 0 and 1. None: the lock's own stays; a first lock takes `delta` of [gate], else
    0.05 below 200 cases and 0.03 from there on. Raises LockError if the present lock cannot be read.
    """
    present = read_lock(golden_path)
    now = accepted_of(suite, margin(golden_path, suite) if delta is None else delta)
    if present is not None and present.accepted == now:
        return present
    history = present.history if present else ()
    found = changes(present.accepted, now) if present else [f"first lock: {len(suite.cases):,} cases"]
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    entry = Entry(at, tuple(found), digest_of(asdict(now))).sealed(history[-1].seal if history else "")
    return Lock(now, (*history, entry))


def write_lock(golden_path: Path, suite: Suite, delta: float | None = None) -> Path:
    """Accept the suite as it is now; the path of the lock written. See `renewed`."""
    return write(golden_path, renewed(golden_path, suite, delta))


def write(golden_path: Path, lock: Lock) -> Path:
    """Write a lock beside its golden set; the path."""
    data = asdict(lock.accepted) | {"history": [asdict(entry) for entry in lock.history]}
    text = json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False)
    return write_text(lock_path(golden_path), f"{text}\n")


def margin(golden_path: Path, suite: Suite) -> float:
    """The lock's margin; without a lock the one that its first lock will get. Raises LockError if it cannot be read."""
    present = read_lock(golden_path)
    if present is not None:
        return present.delta
    gate = suite.golden.gate
    if gate is not None and gate.delta is not None:
        return gate.delta
    return default_delta(len(suite.cases))


def default_delta(n: int) -> float:
    """Margin of a first lock for n cases, a share: 5 points below 200 cases, 3 points from there on."""
    return 0.05 if n < 200 else 0.03


def read_lock(path: Path) -> Lock | None:
    """The lock of a golden set (path of the set or of the lock itself), None if it has none.

    Raises LockError: not readable, no lock, or edited by hand.
    """
    file = lock_path(path)
    if not file.exists():
        return None
    try:
        lock = _parse(read_text(file))
    except FileFaults as error:
        raise LockError(error.faults) from None
    except json.JSONDecodeError as error:
        what, fix = f"is not valid JSON: {error.msg}", "undo the edit, or take one side of the merge conflict whole"
        raise LockError([Fault(shown(file), error.lineno, what, f"{fix}, then: {command(file)}")]) from None
    except (TypeError, ValueError, RecursionError) as error:
        raise LockError([Fault(shown(file), 0, f"is not a valid lock: {error}", _restore(file))]) from None
    _check_seals(file, lock)
    return lock


def _parse(text: str) -> Lock:
    data: Any = json.loads(text)
    keys = [field.name for field in fields(Accepted)]
    if not isinstance(data, dict) or set(data) != {*keys, "history"}:
        raise ValueError(f"expected the keys {', '.join(keys)}, history")
    maps = all(isinstance(data[key], dict) for key in ("settings", "code", "gate", "cases"))
    if not maps or not isinstance(data["delta"], float) or not 0 < data["delta"] < 1:
        raise ValueError("`cases`, `code`, `gate`, `settings` must be objects, `delta` a number between 0 and 1")
    return Lock(Accepted(**{key: data[key] for key in keys}), _history(data["history"]))


def _history(data: Any) -> tuple[Entry, ...]:
    if not isinstance(data, list) or not data or not all(isinstance(each, dict) for each in data):
        raise ValueError("`history` must be a list of one entry or more")
    entries = tuple(Entry(**each | {"changes": tuple(map(str, each.get("changes", ())))}) for each in data)
    if not all(isinstance(text, str) for entry in entries for text in (entry.at, entry.accepted, entry.seal)):
        raise ValueError("`history` must hold texts")
    return entries


def _check_seals(file: Path, lock: Lock) -> None:
    """Raises LockError if an entry, or what the lock accepts, is not what `ftgate lock` wrote."""
    seals = ["", *(entry.seal for entry in lock.history)]
    broken = [entry for entry, before in zip(lock.history, seals, strict=False) if entry.sealed(before) != entry]
    if broken:
        what = f"was edited by hand: the entry of {broken[0].at} in `history` does not fit its seal"
    elif lock.history[-1].accepted != digest_of(asdict(lock.accepted)):
        what = "was edited by hand: it differs from what `ftgate lock` accepted"
    else:
        return
    raise LockError([Fault(shown(file), 0, what, _restore(file))])


def _restore(file: Path) -> str:
    again = command(file)
    return (
        f"restore it from version control, or remove it and write a first lock: {again}; margin: {again} --delta SHARE"
    )


def command(path: Path) -> str:
    """The command that accepts a golden set as it is; path: of the set, a file of it, or the lock."""
    return f"ftgate lock {shown(set_argument(path))}"


def compare(suite: Suite, lock: Lock | None) -> list[Fault]:
    """What of the suite differs from its lock: cases, settings, code of graders, gate; [] if nothing does.

    One fault for each sort of difference, with the number of cases and the first ten of them, and the command that
    accepts the set as it is. No lock at all is a fault too.
    """
    from pytest_ftgate.evaluate.lock_faults import differences

    path = suite.golden.path
    if lock is None:
        return [Fault(shown(lock_path(path)), 0, "not found", f"create it: {command(path)}")]
    now = accepted_of(suite, lock.delta)
    if now == lock.accepted:
        return []
    found: Sequence[tuple[Path, int, str]] = list(differences(suite, now, lock.accepted))
    if not found:
        found = [(lock_path(path), 0, "belongs to another golden set or version")]
    return [Fault(shown(file), line, what, f"to accept the change: {command(path)}") for file, line, what in found]
