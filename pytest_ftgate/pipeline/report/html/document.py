"""(RecordStore, RunReport) -> the HTML file of a run, with all that its records and those of the run before hold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.files.atomic import write_text
from pytest_ftgate.pipeline.report.html.cases.section import cases_section
from pytest_ftgate.pipeline.report.html.cases.table import made_table
from pytest_ftgate.pipeline.report.html.grades import read_grades
from pytest_ftgate.pipeline.report.html.models import read_models
from pytest_ftgate.pipeline.report.html.page import page

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.records.store import RecordStore
    from pytest_ftgate.pipeline.report.run_report import RunReport

FILE = "report.html"


def document(store: RecordStore, report: RunReport) -> str:
    """The text of the file."""
    models = read_models(store, report)
    cases = cases_section(made_table(models, report))
    return page(report, cases.html, cases.scripts, read_grades(models))


def write(path: Path, text: str) -> None:
    """In the place of what was there; its folder is made. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, text)
