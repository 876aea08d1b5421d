"""A golden set that is locked and edited."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pytest_ftgate.evaluate.lock import compare, read_lock, write_lock
from pytest_ftgate.evaluate.suite import Suite, load_suite
from tests.projects import write_golden

SET = Path("goldens/sms")
TOML = '[prompt]\ntemplate = "{{ text }}"\n[[gate.floor]]\nmetric = "accuracy"\nmin = 0.8\n'


def row(number: int, **more: Any) -> dict[str, Any]:
    return {"id": f"c{number}", "input": f"text {number}", "expected": "x"} | more


def suite(cases: list[dict[str, Any]] | int = 3, toml: str = TOML) -> Suite:
    rows = [row(number) for number in range(cases)] if isinstance(cases, int) else cases
    return load_suite(write_golden(SET, rows, toml))


def differences(before: Suite, after: Suite) -> list[str]:
    write_lock(SET, before)
    return [str(fault) for fault in compare(after, read_lock(SET))]


ACCEPT = "\n    to accept the change: ftgate lock goldens/sms"


def history() -> list[str]:
    lock = read_lock(SET)
    assert lock is not None
    return [", ".join(entry.changes) for entry in lock.history]
