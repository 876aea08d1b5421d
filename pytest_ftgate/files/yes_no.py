"""(question) -> what the person at the terminal says."""

from __future__ import annotations

import os
import sys

from pytest_ftgate.files.escape import printable


def someone_is_there() -> bool:
    """Whether a person can be asked: input and output are a terminal, and this is no CI job."""
    return not os.environ.get("CI") and _is_terminal(0) and _is_terminal(1)


def agreed(question: str) -> bool:
    """Ask; True for y or yes."""
    return typed(question).lower() in {"y", "yes"}


def typed(question: str) -> str:
    """Ask; the line that the person types, without white space around it."""
    sys.stdout.write(printable(question))
    sys.stdout.flush()
    return sys.stdin.readline().strip()


def _is_terminal(file: int) -> bool:
    try:
        return os.isatty(file)
    except OSError:
        return False
