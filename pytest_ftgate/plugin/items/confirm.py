"""pytest config -> a question to the person at the terminal, None where there is nobody to answer."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import pytest


def confirmer(config: pytest.Config) -> Callable[[str], bool] | None:
    """`confirm("Go on? ")` is True for y or yes; None on a worker, in CI, and where input or output is no terminal."""
    if hasattr(config, "workerinput") or os.environ.get("CI") or not (_is_terminal(0) and _is_terminal(1)):
        return None
    capture = config.pluginmanager.get_plugin("capturemanager")

    def confirm(question: str) -> bool:
        if capture is None:
            return _asked(question)
        with capture.global_and_fixture_disabled():
            return _asked(question)

    return confirm


def _asked(question: str) -> bool:
    sys.stdout.write(f"\n{question}")
    sys.stdout.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _is_terminal(file: int) -> bool:
    try:
        return os.isatty(file)
    except OSError:
        return False
