"""Selected items -> the state folder opened, and the requests of the run sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.plugin.ordering import asks, graded
from pytest_ftgate.plugin.report.pace import Pace

if TYPE_CHECKING:
    from pytest_ftgate.plugin.session import FtgateSession


def plan(ftgate: FtgateSession, items: Sequence[pytest.Item]) -> None:
    """Ask what the items need. Ends the run if the state folder cannot be used, and a training that lacks a model.

    Without a training, what cannot be asked is an error of its items, and all others run.
    """
    _open_state(ftgate)
    wanted = asks(items)
    ftgate.evaluations.plan(wanted, graded(items))
    if ftgate.training.names and ftgate.evaluations.unasked:
        pytest.exit("pytest-ftgate could not ask a model, see above", returncode=pytest.ExitCode.TESTS_FAILED)
    if ftgate.config.get_verbosity() >= 0 and not ftgate.training.names:  # whose stages ask, and show it
        advance = ftgate.console.lines("cases", sum(len(cases) for _, cases in wanted))
        ftgate.config.pluginmanager.register(Pace(advance), "ftgate-pace")


def plan_on_worker(ftgate: FtgateSession, items: Sequence[pytest.Item]) -> None:
    """The same on a worker of xdist, which shares the state folder with the others of its run, and ends no run."""
    wanted = asks(items)
    try:
        if not ftgate.options.regrade:
            ftgate.runtime.open_state(group=ftgate.config.workerinput["testrunuid"])  # type: ignore[attr-defined]
    except FtgateError as error:
        ftgate.evaluations.unasked.add([suite for suite, _ in wanted], error)
    else:
        ftgate.evaluations.plan(wanted, graded(items))


def _open_state(ftgate: FtgateSession) -> None:
    """Before anything is asked. A grading of answers that are there, and a canary, keep no answers in it."""
    if ftgate.options.regrade or ftgate.options.canary:
        return
    try:
        ftgate.runtime.open_state(ftgate.training.names)
    except FtgateError as error:
        raise pytest.UsageError(f"ftgate: {error}") from None
