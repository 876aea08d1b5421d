"""A finished run -> its report: kept in the state folder, and written for those who ask: files, a CI job."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.plugin.report.made import made

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.report.places import Place
    from pytest_ftgate.pipeline.report.run_report import RunReport
    from pytest_ftgate.plugin.session import FtgateSession


def write_reports(ftgate: FtgateSession, code: int) -> None:
    """code: the exit code. A report that cannot be written is a line, and changes nothing."""
    report = made(ftgate.reports, code)
    if ftgate.options.html:
        report.about["html"] = Path(ftgate.options.html).name
    if report.run:
        _keep(ftgate, report)
    _write_markdown(ftgate, report)
    _write_html(ftgate, report)
    _write_for_ci(ftgate, report)


_HEAD = 65_536
"""Bytes of a file in which one of ours names us."""


def remove_old_reports(ftgate: FtgateSession) -> None:
    """After a run that tested nothing: what an earlier one left where this one was to report, as if it were of this.

    A file that does not name us may be somebody's own: it stays, and is named.
    """
    options = ftgate.options
    for file in (options.html, options.markdown, options.badge, options.code_quality, options.run_file):
        path = ftgate.config.invocation_params.dir / file
        if not (file and path.is_file()):
            continue
        try:
            ours = b"ftgate" in path.read_bytes()[:_HEAD]
            if ours:
                path.unlink()
        except OSError as error:
            ftgate.console.line(f"ftgate: {file} is of an earlier run, this one tested nothing: {error}")
        else:
            how = "was of an earlier run and is removed" if ours else "is not of this run and stays"
            ftgate.console.line(f"ftgate: {file} {how}: this one tested nothing")


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
    if asked or job:
        from pytest_ftgate.pipeline.report.text.markdown import page

        _write(ftgate, "Markdown summary", asked or job, page(report), append=not asked)


def _write_for_ci(ftgate: FtgateSession, report: RunReport) -> None:
    """Badge, code quality and the report itself as files; annotations of GitHub into the log of its job."""
    options, in_github = ftgate.options, os.environ.get("GITHUB_ACTIONS") == "true"
    if options.badge:
        from pytest_ftgate.pipeline.report.text.headline import badge

        _write_json(ftgate, "badge", options.badge, badge(report))
    if options.run_file:
        _write_json(ftgate, "report of the run", options.run_file, report.to_json())
    if options.code_quality or in_github:
        from pytest_ftgate.pipeline.report.ci_job import repository_folder
        from pytest_ftgate.pipeline.report.places import code_quality, places

        found = places(report, repository_folder(os.environ))
        if options.code_quality:
            _write_json(ftgate, "code quality report", options.code_quality, code_quality(found))
        if in_github:
            _annotate(ftgate, found)


def _annotate(ftgate: FtgateSession, found: list[Place]) -> None:
    """One fewer of each level than GitHub shows: our workflows annotate the exit code in the same step."""
    from pytest_ftgate.pipeline.report.places import SHOWN, github_commands

    reporter = ftgate.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.ensure_newline()
        for line in github_commands(found, SHOWN - 1):
            reporter.write_line(line)


def _write_json(ftgate: FtgateSession, what: str, file: str, value: Any) -> None:
    from pytest_ftgate.files.secrets import mask

    _write(ftgate, what, file, mask(json.dumps(value, ensure_ascii=True) + "\n"), append=False)


def _write(ftgate: FtgateSession, what: str, file: str, text: str, *, append: bool) -> None:
    from pytest_ftgate.pipeline.report.text.markdown import write

    try:
        write(ftgate.config.invocation_params.dir / file, text, append=append)
    except OSError as error:
        ftgate.console.line(f"ftgate: the {what} could not be written: {error}")


def _write_html(ftgate: FtgateSession, report: RunReport) -> None:
    """Where it was asked for; else beside the records of a run that trains, or that a CI job keeps."""
    from pytest_ftgate.evaluate.records.store import RecordStore

    asked, store = ftgate.options.html, RecordStore(ftgate.options.state_dir)
    if not (asked or (report.run and (report.train or os.environ.get("CI")))):
        return
    from pytest_ftgate.pipeline.report.html.document import FILE, document, write

    path = ftgate.config.invocation_params.dir / asked if asked else store.folder / report.run / FILE
    try:
        write(path, document(store, report))
    except (FtgateError, OSError) as error:
        ftgate.console.line(f"ftgate: the HTML report could not be written: {error}")
    else:
        ftgate.note(f"ftgate: report: {ftgate.shown(path)}")
