"""Before the base model is asked: the champion and its frozen results are what was recorded, or the run ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_ftgate.gate.verdict import Kind, decide
from pytest_ftgate.pipeline.run import PipelineRun, Stopped
from pytest_ftgate.pipeline.stages.baseline import measure_baseline
from pytest_ftgate.pipeline.stages.promote import conclude
from tests.unit.pipeline_runs import Shop, checks


@pytest.fixture
def shop(tmp_path, plain_template, no_tracking_server):
    """With a champion, v1."""
    made = Shop(tmp_path, plain_template)
    run = made.run("one", wrong=range(8))
    conclude(run, decide(list(checks(run).values())))
    return made


def stopped(run: PipelineRun) -> str:
    """Why the stage ended the run."""
    run.baseline, asked = None, []
    run.evaluations.ask = lambda *_: asked.append(1)
    with pytest.raises(Stopped) as found:
        measure_baseline(run)
    assert found.value.verdict.kind is Kind.INTEGRITY
    assert not asked, "nothing was paid for"
    return found.value.verdict.reason


def test_a_deleted_champion_does_not_make_a_first_model(shop):
    run = shop.run("two", wrong=range(16))
    with shop.registry.store.asking("test") as client:
        client.delete_registered_model_alias("quiz", "champion")
    assert "quiz: v1 is the champion on record, but the alias was deleted" in stopped(run)


def test_a_deleted_version_and_a_deleted_registry(shop):
    run = shop.run("two", wrong=range(16))
    with shop.registry.store.asking("test") as client:
        client.delete_registered_model("quiz")
    assert "v1 was made champion (promote, line 2 of the audit log), but was deleted" in stopped(run)
    (shop.state / "mlflow.db").unlink()
    assert "v1 was made champion (promote, line 2 of the audit log), but there is no registry at" in stopped(run)


def test_frozen_results_that_were_edited_end_the_run(shop):
    run = shop.run("two", wrong=range(8))
    champion = shop.registry.champion("quiz")
    with shop.registry.store.asking("test") as client:
        file = Path(client.get_run(champion.run_id).info.artifact_uri) / "results/quiz.json"
    file.write_text(file.read_text().replace('"value": 1.0', '"value": 0.0'))
    assert "results/quiz.json of the run" in stopped(run)


@pytest.mark.parametrize(("toml", "warned"), [("[gate]\n", 1), ('[[gate.floor]]\nmetric = "accuracy"\nmin = 0.5\n', 0)])
def test_a_first_model_that_can_only_be_held_is_said_before_anything_is_asked(
    tmp_path, plain_template, no_tracking_server, toml, warned
):
    shop = Shop(tmp_path, plain_template)
    run = shop.run("one", suite=shop.golden(toml=toml))
    said: list[str] = []
    run.say = said.append
    run.evaluations.ask = lambda *_: said.append("asked")
    run.baseline = None
    measure_baseline(run)
    lines = said[: said.index("asked")]
    assert sum("no champion and no floors: this run can only end in HOLD" in line for line in lines) == warned


def test_half_a_surrogate_pair_is_registered(shop):
    """A model may say it; UTF-8 cannot hold it, and JSON can."""
    run = shop.run("two")
    suite = run.suites[0]
    answer = run.candidate_of(suite).to_json()
    answer["cases"]["c1"]["text"] = "a \ud800"
    run.candidate_of(suite).__class__.to_json, before = (
        (lambda _self: answer),
        run.candidate_of(suite).__class__.to_json,
    )
    try:
        number = conclude(run, decide(list(checks(run).values())))
    finally:
        run.candidate_of(suite).__class__.to_json = before
    kept = shop.registry.results(shop.registry.version("quiz", number), "quiz")
    assert kept["cases"]["c1"]["text"] == "a \ud800"
