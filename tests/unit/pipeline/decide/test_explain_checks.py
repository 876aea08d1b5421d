"""A rejection explained from a real journal and registry, and the page logged with the run."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_ftgate.gate.verdict import Kind, decide
from pytest_ftgate.pipeline.decide.explain_checks import explain
from pytest_ftgate.pipeline.stages.promote import conclude
from tests.unit.pipeline_runs import Shop, checks


@pytest.fixture
def shop(tmp_path, plain_template, no_tracking_server):
    return Shop(tmp_path, plain_template)


def concluded(run):
    """(verdict, explanation), concluded as `--train` does."""
    found = checks(run)
    verdict = decide(list(found.values()))
    told = explain(run, verdict, {run.suites[0].name: found})
    conclude(run, verdict, told)
    return verdict, told


def logged(shop, number: int, draft: Path) -> str:
    """explain.md of the run that judged a version; "" if it has none."""
    draft.mkdir()
    run_id = shop.registry.version("quiz", number).run_id
    with shop.registry.store.asking("test") as client:
        folder = Path(client.download_artifacts(run_id, "", str(draft)))
    assert (folder / "manifest.json").is_file()
    assert (folder / "results/quiz.json").is_file()
    page = folder / "explain.md"
    return page.read_text(encoding="utf-8") if page.is_file() else ""


def test_a_rejection_shows_both_answers_and_is_logged_with_the_run(shop, tmp_path):
    for number, case in enumerate(shop.cases):
        case["input"] += " please" if number < 40 else " now"
        case["slices"] = {"tone": "polite" if number < 40 else "short"}
    verdict, told = concluded(shop.run("one", wrong=range(5)))
    assert verdict.kind is Kind.PROMOTE
    assert not told.findings
    verdict, told = concluded(shop.run("two", wrong=range(30)))
    assert verdict.kind is Kind.REJECT
    titles = [finding.title for finding in told.findings]
    assert titles == ["quiz, champion", "quiz, slices: tone=polite"]
    lines = list(told.lines())
    assert "quiz, champion: worse than champion v1 on 25 of 100 cases, better on 0" in lines
    assert "    old 'yes', new 'no', expected 'yes'" in lines
    assert any("please (25 of 25, elsewhere 15 of 75)" in line for line in lines)
    page = logged(shop, 2, tmp_path / "two")
    assert page.startswith("# REJECT quiz")
    assert sum(line.startswith("| c") and "| yes | no |" in line for line in page.splitlines()) >= 25
    assert logged(shop, 1, tmp_path / "one") == "", "what was promoted has nothing to explain"
