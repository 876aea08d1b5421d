"""A finished run -> its report: kept in the state folder, and written for those who ask: a file, a CI job."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.plugin.report.made import made

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.report.run_report import RunReport
    from pytest_ftgate.plugin.session import FtgateSession


def write_reports(ftgate: FtgateSession, code: int) -> None:
    """code: the exit code. A report that cannot be written is a line, and changes nothing."""
    report = made(ftgate.reports, code)
    if report.run:
        _keep(ftgate, report)
    _write_markdown(ftgate, report)


def _keep(ftgate: FtgateSession, report: RunReport) -> None:
    from pytest_ftgate.evaluate.records.store import RecordStore
    from pytest_ftgate.pipeline.report.run_report import keep

    try:
        keep(RecordStore(ftgate.options.state_dir), report)
    except FtgateError as error:
        ftgate.console.line(f"ftgate: no report of this run is kept: {error}")


def _write_markdown(ftgate: FtgateSession, report: RunReport) -> None:
    """The summary of a run that tested a model, if a file or a CI job asks for it."""
    asked, job = ftgate.options.markdown, os.environ.get("GITHUB_STEP_SUMMARY", "")
    if not (asked or job):
        return
    from pytest_ftgate.pipeline.report.text.markdown import page, write

    try:
        write(ftgate.config.invocation_params.dir / (asked or job), page(report), append=not asked)
    except OSError as error:
        ftgate.console.line(f"ftgate: the Markdown summary could not be written: {error}")
