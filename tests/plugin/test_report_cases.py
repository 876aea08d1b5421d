"""The cases in the report of a plain run: what stands beside its answers. Of a candidate see `test_html`."""

from __future__ import annotations

from pytest_ftgate.evaluate.records.store import RecordStore
from pytest_ftgate.pipeline.report import run_report
from pytest_ftgate.pipeline.report.html.cases.table import made_table
from pytest_ftgate.pipeline.report.html.models import read_models

CASES = [{"id": f"t{i}", "input": f"text {i}", "expected": f"text {i}"} for i in range(6)]


def table(path):
    """Of the last run of a project."""
    store = RecordStore(path / ".ftgate")
    report = run_report.read(store, max(each.name for each in store.folder.iterdir() if each.is_dir()))
    return made_table(read_models(store, report), report)


def columns(found, golden):
    return [each.role for each in next(each for each in found.sets if each.name == golden).columns]


def test_a_plain_run_stands_beside_the_run_that_its_summary_names(project, answering):
    answering()
    project.golden("tickets", CASES)
    project.run()
    assert columns(table(project.path), "tickets") == ["tested"]
    answering(lambda messages: "no" if messages[-1]["content"] == "text 3" else messages[-1]["content"])
    project.run("--ftgate-html", "out.html")
    found = table(project.path)
    assert columns(found, "tickets") == ["tested", "before"]
    assert [row["i"] for row in found.rows if found.status(row) == "broken"] == ["t3"]
    assert found.sets[0].gates == ()
    page = (project.path / "out.html").read_text(encoding="utf-8")
    assert "1 of 1 cases that are not right, of 6 in all" in page
