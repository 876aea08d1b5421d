"""Selected items -> the state folder opened, and the requests of the run sent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pytest

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.plugin.ordering import asks

if TYPE_CHECKING:
    from pytest_ftgate.plugin.session import FtgateSession


def plan(ftgate: FtgateSession, items: Iterable[pytest.Item]) -> None:
    """Ask what the items need. Ends the run if the state folder cannot be used, or the model cannot be asked."""
    _open_state(ftgate)
    try:
        ftgate.evaluations.plan(asks(items))
    except FtgateError as error:
        ftgate.console.line(f"ftgate: {error}")
        pytest.exit("pytest-ftgate could not ask the model, see above", returncode=pytest.ExitCode.INTERNAL_ERROR)


def plan_on_worker(ftgate: FtgateSession, items: Iterable[pytest.Item]) -> None:
    """The same on a worker of xdist, which shares the state folder with the others of its run. Raises FtgateError."""
    if not ftgate.options.regrade:
        ftgate.runtime.open_state(group=ftgate.config.workerinput["testrunuid"])  # type: ignore[attr-defined]
    ftgate.evaluations.plan(asks(items))


def _open_state(ftgate: FtgateSession) -> None:
    """Before anything is asked. A grading of answers that are there, and a canary, keep no answers in it."""
    if ftgate.options.regrade or ftgate.options.canary:
        return
    try:
        ftgate.runtime.open_state(ftgate.training.names)
    except FtgateError as error:
        raise pytest.UsageError(f"ftgate: {error}") from None
