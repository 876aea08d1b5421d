"""(Suite, golden.lock) -> what differs. The lock holds the digests of a golden set and the margin of its gate."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import Fault, FileFaults, LockError
from pytest_ftgate.evaluate.suite import Suite
from pytest_ftgate.files.atomic import write_text
from pytest_ftgate.files.text import read_text, shown
from pytest_ftgate.golden.case import Case, digest_of
from pytest_ftgate.golden.spec import Golden

_NAMED = 10


@dataclass(frozen=True, slots=True)
class Lock:
    """What a golden.lock holds.

    golden: name of the set. digest: of the suite. delta: margin of the champion check, a share (0.03 = 3 points).
    settings: digest of prompt, request, graders and label. gate: digest of the floors. cases: id -> digest.
    """

    golden: str
    digest: str
    delta: float
    settings: str
    gate: str
    cases: Mapping[str, str]


def lock_path(golden_path: Path) -> Path:
    """golden.lock beside golden.toml; <name>.golden.lock beside a single file. A lock's own path stays as it is."""
    path = Path(golden_path)
    if path.is_dir():
        return path / "golden.lock"
    return path.with_suffix(".lock")


def make_lock(suite: Suite, delta: float) -> Lock:
    """The lock of a suite as it is now."""
    return Lock(
        golden=suite.name,
        digest=suite.digest,
        delta=delta,
        settings=suite.settings_digest,
        gate=_gate_digest(suite),
        cases={case.id: _case_digest(case) for case in suite.cases},
    )


def _gate_digest(suite: Suite) -> str:
    gate = suite.golden.gate
    floors = [asdict(floor) for floor in gate.floors] if gate else None
    return digest_of({"floors": floors, "price": asdict(price)} if (price := suite.golden.price) else floors)


def _case_digest(case: Case) -> str:
    """16 hex digits of all that the gate sees of a case: more than `Case.digest`, which only tells what is asked."""
    return digest_of([case.digest, case.must_pass, case.cluster, dict(case.slices)])[:16]


def write_lock(golden_path: Path, suite: Suite, delta: float | None = None) -> Path:
    """Accept the suite as it is now; the path of the lock written.

    delta: new margin, a share between 0 and 1. None: the lock's own stays; a first lock takes `delta` of [gate], else
    0.05 below 200 cases and 0.03 from there on. Raises LockError if no delta is given and the lock cannot be read.
    """
    path = lock_path(golden_path)
    lock = make_lock(suite, margin(golden_path, suite) if delta is None else delta)
    return write_text(path, json.dumps(asdict(lock), indent=1, sort_keys=True, ensure_ascii=False) + "\n")


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
    """The lock of a golden set (path of the set or of the lock itself), None if it has none. Raises LockError."""
    file = lock_path(path)
    if not file.exists():
        return None
    try:
        return _parse(read_text(file))
    except FileFaults as error:
        raise LockError(error.faults) from None
    except json.JSONDecodeError as error:
        what, fix = f"is not valid JSON: {error.msg}", "undo the edit, or resolve the merge conflict"
        raise LockError([Fault(shown(file), error.lineno, what, f"{fix}, then: {_command(file)}")]) from None
    except (TypeError, ValueError, RecursionError) as error:
        raise LockError(
            [Fault(shown(file), 0, f"is not a valid lock: {error}", "restore it from version control")]
        ) from None


def _parse(text: str) -> Lock:
    data: Any = json.loads(text)
    if not isinstance(data, dict) or set(data) != set(Lock.__slots__):
        raise ValueError(f"expected the keys {', '.join(Lock.__slots__)}")
    if not isinstance(data["cases"], dict) or not isinstance(data["delta"], float) or not 0 < data["delta"] < 1:
        raise ValueError("`cases` must be an object, and `delta` a number between 0 and 1")
    return Lock(**data)


def _command(path: Path) -> str:
    """The command that accepts the set as it is."""
    single = path.name.endswith((".golden.jsonl", ".golden.yaml", ".golden.lock"))
    return f"ftgate lock {shown(path if single else path.parent)}"


def compare(suite: Suite, lock: Lock | None) -> list[Fault]:
    """What of the suite differs from its lock: changed, added and removed cases, settings, floors; [] if nothing does.

    One fault for each sort of difference, with the number of cases and the first ten of them, and the command that
    accepts the set as it is. No lock at all is a fault too.
    """
    path = suite.golden.path
    if lock is None:
        return [Fault(shown(lock_path(path)), 0, "not found", f"create it: {_command(path)}")]
    now = make_lock(suite, lock.delta)
    if now == lock:
        return []
    found = [*_case_differences(suite, now.cases, lock.cases), *_settings_differences(suite.golden, now, lock)]
    if not found:
        found = [(lock_path(path), 0, "was edited, or belongs to another golden set or version")]
    return [Fault(shown(file), line, what, f"to accept the change: {_command(path)}") for file, line, what in found]


def _settings_differences(golden: Golden, now: Lock, lock: Lock) -> Iterator[tuple[Path, int, str]]:
    if now.settings != lock.settings:
        yield golden.path, golden.line(), "prompt, request, graders or label differ from golden.lock"
    if now.gate != lock.gate:
        yield golden.path, golden.line("gate"), "gate floors differ from golden.lock"


def _case_differences(suite: Suite, now: Mapping[str, str], old: Mapping[str, str]) -> Iterator[tuple[Path, int, str]]:
    """(file, line of the first, text) of each sort of difference."""
    lines = {case.id: case.line for case in suite.cases}
    sorts = {
        "changed": [name for name in now if name in old and now[name] != old[name]],
        "added": [name for name in now if name not in old],
        "removed": [name for name in old if name not in now],
    }
    for sort, names in sorts.items():
        if names:
            what = f"{_count(names)} {sort} since golden.lock was written: {_listed(names, lines)}"
            yield suite.golden.cases_path, lines.get(names[0], 0), what


def _count(names: Sequence[str]) -> str:
    return "1 case" if len(names) == 1 else f"{len(names):,} cases"


def _listed(names: Sequence[str], lines: Mapping[str, int]) -> str:
    named = [f"{name} (line {lines[name]})" if name in lines else name for name in names[:_NAMED]]
    more = [f"and {len(names) - _NAMED:,} more"] if len(names) > _NAMED else []
    return ", ".join(named + more)
