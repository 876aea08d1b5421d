"""(golden set, new case) -> appended to its file, and the lock renewed; both, or none of it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import GoldenError, LockError
from pytest_ftgate.evaluate.lock import compare, read_lock, renewed, write
from pytest_ftgate.evaluate.suite import load_suite
from pytest_ftgate.files.atomic import replacing_bytes
from pytest_ftgate.files.file_lock import lock as wait_for
from pytest_ftgate.golden.append_case import by_hand, with_case
from pytest_ftgate.registry.audit import record

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.golden.case import Case


def check_lock(suite: Suite) -> bool:
    """Whether the set has a lock. Raises LockError if it differs from that: earlier changes are accepted first."""
    lock = read_lock(suite.golden.path)
    if lock is None:
        return False
    if faults := compare(suite, lock):
        raise LockError(faults)
    return True


@contextmanager
def alone(suite: Suite) -> Iterator[None]:
    """While it is open, no other `ftgate new-case` adds to these cases: one by one, so that none overwrites another.

    The folder is locked: the file itself is replaced. Read the set again inside. Raises OSError.
    """
    folder = os.open(suite.golden.cases_path.parent, os.O_RDONLY)
    try:
        wait_for(folder)
        yield
    finally:
        os.close(folder)


def append(suite: Suite, case: Case, row: Mapping[str, Any], state_dir: Path) -> tuple[Case, Path | None]:
    """The case with its line, and the lock that was renewed, None for a set without one.

    What is there stays byte for byte. If the set is not what it was, and the case at its end, the file is put
    back, unless somebody has changed it since. To be called `alone`. Raises FtgateError.
    """
    path = suite.golden.cases_path
    before, after = path.read_bytes(), with_case(path, row)
    _replace(path, after)
    try:
        now = _read_again(suite, case, row)
        return now.cases[-1], _lock(now, state_dir)
    except BaseException:
        if path.read_bytes() == after:
            _replace(path, before)
        raise


def _read_again(suite: Suite, case: Case, row: Mapping[str, Any]) -> Suite:
    """The set with the case. Raises FtgateError if it is not what it was, and the case at its end."""
    try:
        now = load_suite(suite.golden.path)
    except GoldenError:
        raise by_hand(suite.golden.cases_path, row) from None
    if [each.digest for each in now.cases] != [*(each.digest for each in suite.cases), case.digest]:
        raise by_hand(suite.golden.cases_path, row)
    return now


def _replace(path: Path, content: bytes) -> None:
    with replacing_bytes(path) as stream:
        stream.write(content)


def _lock(suite: Suite, state_dir: Path) -> Path | None:
    """As `ftgate lock`: the audit log comes first."""
    if read_lock(suite.golden.path) is None:
        return None
    lock = renewed(suite.golden.path, suite)
    if state_dir.is_dir():
        record(state_dir, "lock", suite.name, {"changes": list(lock.history[-1].changes), "seal": lock.seal})
    return write(suite.golden.path, lock)
