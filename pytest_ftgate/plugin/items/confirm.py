"""pytest config -> a question to the person at the terminal, None where there is nobody to answer."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_ftgate.files.yes_no import agreed, someone_is_there


def confirmer(config: pytest.Config) -> Callable[[str], bool] | None:
    """`confirm("Go on? ")` is True for y or yes; None on a worker, and where nobody is there to answer."""
    if hasattr(config, "workerinput") or not someone_is_there():
        return None
    capture = config.pluginmanager.get_plugin("capturemanager")

    def confirm(question: str) -> bool:
        if capture is None:
            return agreed(f"\n{question}")
        with capture.global_and_fixture_disabled():
            return agreed(f"\n{question}")

    return confirm
