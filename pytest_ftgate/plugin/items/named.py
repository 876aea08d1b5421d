"""(command line, golden files that we collected) -> UsageError for one that was named and is not among them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_ftgate.golden.paths import is_golden

if TYPE_CHECKING:
    from pytest_ftgate.plugin.session import FtgateSession


def check_named(config: pytest.Config, ftgate: FtgateSession) -> None:
    """Refuse a run that would end green without its goldens. Deselected cases were collected, so they are no reason."""
    missing = [given for given, file in named_files(config) if file.resolve() not in ftgate.collected]
    if missing:
        listed = "\n".join(f"    {given}" for given in missing)
        raise pytest.UsageError(
            f"golden files are named on the command line, and pytest-ftgate was kept from collecting them:\n{listed}\n"
            "    Another plugin or a conftest.py takes them (pytest_collect_file, pytest_ignore_collect); `pytest "
            "--trace-config` lists the plugins, -p no:NAME leaves one out"
        )


def named_files(config: pytest.Config) -> Iterator[tuple[str, Path]]:
    """(argument, file) of each golden file."""
    if config.args_source is pytest.Config.ArgsSource.ARGS:
        for given in config.args:
            file = config.invocation_params.dir / given.partition("::")[0]
            if is_golden(file) and file.is_file():
                yield given, file
