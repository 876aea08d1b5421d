"""(plugin manager, installed packages) -> UsageError if another package's plugin `ftgate` would run beside ours.

A project that uses the other package, and merely has ours installed, is stopped too: the options of the two clash
whatever the project asks for, and a plugin that gave way without a word would be the very fault that this is against.
Either plugin is left out by one setting, which the error names.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

from pytest_ftgate.cli.other_ftgate import NAME, OUR_NAME


def refuse_clash(manager: pytest.PytestPluginManager) -> None:
    """Look for the other plugin before our options are registered, in whichever order the two are loaded.

    Raises UsageError that names the package and what to do.
    """
    comes = manager.has_plugin(NAME) or asked(manager, NAME) or _is_loaded_later(manager)
    if comes and not manager.is_blocked(NAME):
        from pytest_ftgate.cli.other_ftgate import installed

        if other := installed():
            raise pytest.UsageError(str(other))


def load_once(manager: pytest.PytestPluginManager, plugin: object) -> None:
    """Loaded by its module's name (`-p pytest_ftgate.plugin.hooks`), our plugin is not loaded by entry point too."""
    if manager.get_name(plugin) != OUR_NAME:
        manager.set_blocked(OUR_NAME)


def asked(manager: pytest.PytestPluginManager, name: str) -> bool | None:
    """What `-p`, on the command line or in addopts, last said of a plugin; None if it said nothing."""
    said = [str(given).strip() for given in _options(manager, "plugins") or ()]
    last = [given for given in said if given.removeprefix("no:") == name][-1:]
    return last[0] == name if last else None


def _is_loaded_later(manager: pytest.PytestPluginManager) -> bool:
    alone = os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD") or _options(manager, "disable_plugin_autoload")
    return not alone or NAME in os.environ.get("PYTEST_PLUGINS", "").split(",")


def _options(manager: pytest.PytestPluginManager, dest: str) -> Any:
    """An option of pytest's own; None where plugins are loaded before the command line is read (`pytest.main`)."""
    config = manager.get_plugin("pytestconfig")
    return getattr(getattr(config, "known_args_namespace", None), dest, None)
