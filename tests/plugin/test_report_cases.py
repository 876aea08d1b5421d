"""The cases in the report of a run: what stands beside the answers of a plain run and of a candidate."""

from __future__ import annotations

from pytest_ftgate.evaluate.records.store import RecordStore
from pytest_ftgate.pipeline.report import run_report
from pytest_ftgate.pipeline.report.html.cases.table import made_table
from pytest_ftgate.pipeline.report.html.models import read_models
from tests.plugin.trained import Trained

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


def test_a_candidate_stands_beside_champion_and_base_model_and_its_sets_gate(
    project, mlflow_template, no_tracking_server
):
    trained = Trained(project, mlflow_template)
    trained.base(wrong=range(20))
    trained.candidate(seed=1, wrong=range(10))
    assert trained.run().ret == 0
    assert columns(table(trained.project.path), "mail") == ["candidate", "baseline"]
    trained.candidate(seed=2, wrong=range(5, 40))
    trained.run()
    found = table(trained.project.path)
    assert columns(found, "mail") == ["candidate", "champion", "baseline"]
    statuses = [found.status(row) for row in found.rows if found.sets[row["s"]].name == "mail"]
    assert (statuses.count("broken"), statuses.count("fixed")) == (30, 5)
    assert all(each.gates == ("mail",) for each in found.sets)
