"""A form is gated against its parent, registered beside it, promoted in its place, and rolled back to it."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_ftgate.errors import RegistryError
from pytest_ftgate.gate.verdict import Kind, Verdict
from pytest_ftgate.pipeline.evaluations import Evaluations
from pytest_ftgate.pipeline.production.form_gate import GatedForm, form_model, gate_form
from pytest_ftgate.pipeline.production.registered_form import register_form
from pytest_ftgate.pipeline.production.task_sets import TaskSets, task_sets
from pytest_ftgate.pipeline.progress import silent
from pytest_ftgate.pipeline.runtime import Runtime
from pytest_ftgate.pipeline.settings import Settings
from pytest_ftgate.pipeline.stages.promote import conclude
from pytest_ftgate.pipeline.targets import Target
from pytest_ftgate.registry import Version
from pytest_ftgate.registry.audit.entry import read_entry
from pytest_ftgate.registry.model_tags import ENGINE, model_of
from pytest_ftgate.registry.version import FORM, PARENT
from pytest_ftgate.serve.forms.form import form_of
from pytest_ftgate.serve.servers.engine_identity import identity
from tests.unit.pipeline_runs import DELTA, Shop, answered

PARENT_WRONG = range(10)


@pytest.fixture
def shop(tmp_path: Path, plain_template: Path) -> Shop:
    """A task with the champion v1, which answers 90 of 100 cases right."""
    shop = Shop(tmp_path, plain_template)
    conclude(shop.run("one", wrong=PARENT_WRONG), Verdict(Kind.PROMOTE, (), "better"))
    return shop


def form_folder(shop: Shop, weights: str, name: str = "model.safetensors") -> Path:
    folder = shop.path / "forms" / weights
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text("{}")
    (folder / name).write_text(weights)
    return folder


def sets_of(shop: Shop, general: bool = False) -> TaskSets:
    with task_sets("quiz", shop.path / "goldens", shop.path / "pipelines", shop.state) as sets:
        assert sets.deltas == {"quiz": DELTA}
        return sets


def gated(
    shop: Shop, folder: Path, wrong: Collection[int], form: str = "merged", parent: Version | None = None
) -> GatedForm:
    """As if the form had answered already, all but those cases right."""
    runtime, sets = Runtime(Settings(state_dir=shop.state), silent()), sets_of(shop)
    parent = parent or shop.registry.version("quiz", 1)
    target = Target("form", form_model(runtime, sets, parent, folder))
    for suite in sets.all:
        answered(Evaluations(runtime).of(suite, target), wrong)
    return gate_form(runtime, sets, parent, form_of(form), folder)


@pytest.mark.parametrize(
    ("wrong", "kind", "reason"),
    [
        (range(10), Kind.PROMOTE, "all 3 checks pass"),
        (range(11), Kind.PROMOTE, "all 3 checks pass"),  # behind by one, and no larger loss than the margin is likely
        (range(10, 20), Kind.HOLD, "parent: +0.0 points, lower bound -7.6 <= -5.0 (n = 100, discordant 10 vs 10)"),
        (range(30), Kind.REJECT, "parent: -20.0 points, upper bound -14.3 <= -5.0 (n = 100, discordant 0 vs 20)"),
    ],
)
def test_it_must_pass_the_champions_test_against_its_parent(shop, wrong, kind, reason):
    found = gated(shop, form_folder(shop, "merged"), wrong)
    assert found.verdict.kind is kind
    assert reason in found.verdict.reason


def test_one_that_is_surely_worse_is_rejected_also_within_the_margin(shop):
    sets = sets_of(shop)
    wide = replace(sets, deltas={"quiz": 0.5})
    runtime, parent = Runtime(Settings(state_dir=shop.state), silent()), shop.registry.version("quiz", 1)
    folder = form_folder(shop, "merged")
    target = Target("form", form_model(runtime, sets, parent, folder))
    answered(Evaluations(runtime).of(sets.suites[0], target), range(20))
    found = gate_form(runtime, wide, parent, form_of("merged"), folder)
    assert found.verdict.kind is Kind.REJECT
    assert "parent: -10.0 points, significantly worse, lower bound -" in found.verdict.reason


def test_it_is_a_version_of_its_own_and_takes_the_place_of_its_parent(shop):
    found = gated(shop, form_folder(shop, "merged"), range(10))
    version = register_form(shop.registry, found)
    assert version is not None
    assert (version.number, version.digest) == (2, found.digest)
    parent = shop.registry.version("quiz", 1)
    assert (version.tags[FORM], version.tags[PARENT]) == ("merged", f"v1@{parent.digest}")
    assert version.tags[ENGINE] == identity("transformers")
    assert version.tags["verdict"] == "PROMOTE"
    assert version.tags["golden.quiz"]
    assert "ftgate.round" not in version.tags, "it is no candidate of this round"
    assert len(shop.registry.results(version, "quiz")["cases"]) == 100
    assert shop.registry.artifact(version.run_id, "lineage.json") == shop.registry.artifact(
        parent.run_id, "lineage.json"
    )
    lines = [read_entry(line) for line in shop.registry.log.lines()[0]]
    assert [line.kind for line in lines[-2:]] == ["judged", "export"]
    assert (lines[-1].what["of"], lines[-1].what["form"], lines[-1].what["digest"]) == (1, "merged", version.digest)
    assert shop.registry.champion("quiz").number == 1, "nothing is promoted by being registered"

    shop.registry.promote("quiz", 2, "smaller")
    folder = shop.registry.fetch(shop.registry.champion("quiz"))
    assert model_of(shop.registry.champion("quiz"), folder).digest == found.model.digest
    assert shop.registry.rollback("quiz", "it was slower").number == 1
    assert shop.registry.changed("quiz") == []


def test_the_same_export_again_is_the_same_version(shop):
    folder = form_folder(shop, "merged")
    first = register_form(shop.registry, gated(shop, folder, range(10)))
    again = register_form(shop.registry, gated(shop, folder, range(10)))
    assert first is not None
    assert again is not None
    assert first.number == again.number == 2
    assert len(shop.registry.versions("quiz")) == 2


@pytest.mark.parametrize(("wrong", "verdict"), [(range(10, 20), "HOLD"), (range(30), "REJECT")])
def test_without_promote_it_is_not_promoted(shop, wrong, verdict):
    register_form(shop.registry, gated(shop, form_folder(shop, "merged"), wrong))
    with pytest.raises(RegistryError, match=f"quiz v2 was judged {verdict} .*and is not promoted"):
        shop.registry.promote("quiz", 2, "smaller")


def test_a_form_of_another_than_the_champion_is_not_promoted(shop):
    conclude(shop.run("two", wrong=range(5)), Verdict(Kind.PROMOTE, (), "better"))
    register_form(shop.registry, gated(shop, form_folder(shop, "merged"), range(10)))
    with pytest.raises(RegistryError, match="quiz v3 was judged PROMOTE against v1, but the champion is v2"):
        shop.registry.promote("quiz", 3, "smaller")


def test_a_form_of_what_the_gate_refused_holds(shop):
    conclude(shop.run("two", wrong=range(5)), Verdict(Kind.HOLD, (), "not ahead"))
    found = gated(shop, form_folder(shop, "merged"), range(5), parent=shop.registry.version("quiz", 2))
    assert found.verdict.kind is Kind.HOLD
    assert found.verdict.reason == "lineage: its parent v2 was judged HOLD"
    shop.registry.promote("quiz", 2, "all the same", override=True)
    assert gated(shop, found.folder, range(5), parent=shop.registry.version("quiz", 2)).verdict.kind is Kind.PROMOTE


def test_a_form_of_a_form_is_refused(shop):
    form = register_form(shop.registry, gated(shop, form_folder(shop, "merged"), range(10)))
    with pytest.raises(RegistryError, match="quiz v2 is itself a form \\(merged\\)\n    export the version"):
        gated(shop, form_folder(shop, "other"), range(10), parent=form)


def test_results_on_record_of_another_set_are_asked_again(shop):
    shop.cases += [{"id": f"new{i}", "input": f"new {i}", "expected": "yes"} for i in range(40)]
    suite = shop.golden()
    runtime, sets = Runtime(Settings(state_dir=shop.state), silent()), sets_of(shop)
    parent = shop.registry.version("quiz", 1)
    again = runtime.targets.named("v1", "quiz", runtime.engines.as_served(sets.pipeline.base_model))
    answered(Evaluations(runtime).of(suite, again), range(20))
    found = gated(shop, form_folder(shop, "merged"), range(20), parent=parent)
    assert found.verdict.kind is Kind.PROMOTE
    [check] = [check for check in found.verdict.checks if check.name == "parent"]
    assert check.numbers["n"] == 140


def test_the_next_candidate_is_compared_with_a_form_served_by_llama_cpp(shop):
    folder = form_folder(shop, "quantised", "model.gguf")
    found = gated(shop, folder, range(10), form="gguf:Q8_0")
    assert found.model.engine == identity("llamacpp")
    register_form(shop.registry, found)
    shop.registry.promote("quiz", 2, "smaller")
    run = shop.run("two", wrong=range(5))
    assert run.champion_target.model.engine == identity("llamacpp")
    assert run.champion_target.digest == found.model.digest
    suite = run.suites[0]
    assert not run.references.champion_is_stale(suite), "by the same release of llama.cpp its results are of record"
    assert run.references.champion(suite).version.number == 2
    assert run.tried(suite) == 1, "a form is no candidate of the round"


def test_not_measured_is_not_registered(shop):
    runtime, sets = Runtime(Settings(state_dir=shop.state), silent()), sets_of(shop)
    parent, folder = shop.registry.version("quiz", 1), form_folder(shop, "merged")
    target = Target("form", form_model(runtime, sets, parent, folder))
    evaluation = Evaluations(runtime).of(sets.suites[0], target)
    answered(evaluation, range(10))
    found = gate_form(runtime, sets, parent, form_of("merged"), folder)
    worthless = replace(found, verdict=Verdict(Kind.INTEGRITY, (), "integrity: 20 of 100 cases unmeasured"))
    assert register_form(shop.registry, worthless) is None
    assert len(shop.registry.versions("quiz")) == 1


def test_a_folder_that_changed_after_it_was_asked_is_not_registered(shop):
    found = gated(shop, form_folder(shop, "merged"), range(10))
    (found.folder / "model.safetensors").write_text(json.dumps("other"))
    with pytest.raises(RegistryError, match="changed since it was tested"):
        register_form(shop.registry, found)
