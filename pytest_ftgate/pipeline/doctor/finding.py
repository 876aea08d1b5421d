"""What the doctor says: a level, a topic, one line, and what to change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from pytest_ftgate.errors import Fault


class Level(StrEnum):
    """ERROR: `--train` is expected to fail. WARNING: it may fail, or be slow. OK: neither."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """topic: one word. text: one line, what was found. fix: what to change, one line; "" where nothing need be."""

    level: Level
    topic: str
    text: str
    fix: str = ""


Findings = Iterator[Finding]


def ok(topic: str, text: str) -> Finding:
    """Nothing to change."""
    return Finding(Level.OK, topic, text)


def warning(topic: str, text: str, fix: str = "") -> Finding:
    """It may fail, or be slow."""
    return Finding(Level.WARNING, topic, text, fix)


def error(topic: str, text: str, fix: str = "") -> Finding:
    """It would fail."""
    return Finding(Level.ERROR, topic, text, fix)


def faulty(topic: str, fault: Fault, fix: str = "") -> Finding:
    """A fault of a file, with its place. fix: where the fault names none."""
    where = f"{fault.path}:{fault.line}" if fault.line else fault.path
    return error(topic, f"{where}: {fault.message}", fault.fix or fix)
