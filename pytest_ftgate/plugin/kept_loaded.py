"""`-p no:ftgate`, which names the other package -> our plugin is loaded all the same.

pytest leaves out `pytest_NAME` with `NAME`, so this would leave out ours, and golden files would be skipped without a
word: in a project that has it in its addopts, also where the other package is not installed. This module has an entry
point of its own and brings ours back. `-p no:pytest_ftgate` leaves ours out.
"""

from __future__ import annotations

import pytest

from pytest_ftgate.cli.other_ftgate import NAME, OUR_NAME
from pytest_ftgate.plugin.name_clash import asked


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    """Load our plugin by the name of its module, which is never blocked, if only the other one is left out."""
    if asked(pluginmanager, NAME) is not False or asked(pluginmanager, OUR_NAME) is False:
        return
    from pytest_ftgate.plugin import hooks

    if not pluginmanager.is_registered(hooks):
        pluginmanager.register(hooks, hooks.__name__)
