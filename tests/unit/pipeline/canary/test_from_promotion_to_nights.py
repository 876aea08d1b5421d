"""From a promotion to its first nights through a (fake) vLLM that loads the registered adapter, with a real registry."""

from __future__ import annotations

import json
from datetime import date

import pytest

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.gate.verdict import Kind, Verdict
from pytest_ftgate.pipeline.canary.measure import Answered, ask_reference
from pytest_ftgate.pipeline.canary.panel import asked_of, draw_panel, find_panel
from pytest_ftgate.pipeline.canary.run import CanaryRun
from pytest_ftgate.pipeline.canary.store import reference_of
from pytest_ftgate.pipeline.progress import silent
from pytest_ftgate.pipeline.runtime import Runtime
from pytest_ftgate.pipeline.settings import Settings
from pytest_ftgate.pipeline.stages.promote import conclude
from tests.fake_vllm import make_executable
from tests.unit.pipeline_runs import Shop, answered, manifest

NIGHT = date(2026, 11, 22)
PROMOTE = Verdict(Kind.PROMOTE, (), "all checks pass")


def make_adapter(folder):
    import numpy as np
    from safetensors.numpy import save_file

    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_text(json.dumps({"r": 8, "lora_alpha": 16, "peft_type": "LORA"}))
    draw = np.random.default_rng(1)
    matrices = {"x.lora_A.weight": draw.normal(size=(8, 4)), "x.lora_B.weight": draw.normal(size=(4, 8))}
    save_file({name: m.astype("float32") for name, m in matrices.items()}, folder / "adapter_model.safetensors")
    return folder


@pytest.fixture
def shop(tmp_path, plain_template, no_tracking_server, monkeypatch):
    """Its fake vLLM says what it was asked, which is right but for ten cases."""
    monkeypatch.setenv("FAKE_VLLM", "{}")
    made = Shop(tmp_path, plain_template)
    made.cases = [{"id": f"c{i}", "input": f"t{i}", "expected": f"t{i}" if i % 12 else "x"} for i in range(120)]
    return made


@pytest.fixture
def run(shop):
    """A candidate about to be promoted; its server runs until the test ends."""
    made = shop.run("none")
    made.manifest = manifest(make_adapter(shop.path / "new/adapter"))
    made.__dict__.pop("candidate", None)
    vllm = str(make_executable(shop.path / "bin"))
    made.runtime = Runtime(Settings(state_dir=shop.state, engine="vllm", vllm=vllm), silent())
    answered(made.candidate_of(made.suites[0]), ())
    yield made
    made.runtime.close()


def test_a_promotion_leaves_what_the_first_night_needs(shop, run):
    watch = CanaryRun(run.pipeline, run.suites, run.runtime)
    said: list[str] = []
    kept = watch.at_promotion(run.candidate, said.append)
    assert len(said) == 1
    assert "in 5 runs of 100 cases" in said[0]
    assert conclude(run, PROMOTE, reference=kept) == 1

    reference = reference_of(shop.registry, shop.registry.champion("quiz"))
    assert reference.reason == "at promotion"
    assert (len(reference.cases), reference.asked.model) == (100, run.candidate.digest)
    assert {case.grades for case in reference.cases} == {(1.0,) * 5, (0.0,) * 5}

    finding = watch.look(NIGHT)
    assert finding.kind == "steady", finding.reason
    assert finding.score == reference.expected.score
    assert [window.drop for window in finding.windows] == [0.0]


def test_a_server_that_is_gone_stops_no_promotion(shop, run, monkeypatch):
    monkeypatch.setenv("FAKE_VLLM", json.dumps({"exit": 1}))
    watch = CanaryRun(run.pipeline, run.suites, run.runtime)
    said: list[str] = []
    reference = watch.at_promotion(run.candidate, said.append)
    assert reference is None
    assert "no reference runs: " in said[0]
    assert "record them later: ftgate canary quiz --rebase REASON" in said[0]
    assert conclude(run, PROMOTE) == 1
    assert watch.look(NIGHT).kind == "unknown"


def test_other_verdicts_leave_no_reference(shop, run):
    conclude(run, Verdict(Kind.HOLD, (), "not ahead"))
    assert shop.registry.logged("quiz.canary", {}) == []


def test_too_few_graded_cases_are_no_reference(shop, run, monkeypatch):
    monkeypatch.setattr(
        "pytest_ftgate.pipeline.canary.measure.ask_runs",
        lambda panel, *_: (
            [{f"quiz::{case.id}": Answered(None if i < 6 else 1.0, "") for i, case in enumerate(panel[0][1])}] * 5
        ),
    )
    panel = draw_panel(run.suites, 100)
    with pytest.raises(FtgateError, match="only 94 of 100 panel cases were answered in time"):
        ask_reference(panel, asked_of(run.suites, "m", "vllm"), run.candidate, run.runtime, "")


def test_the_panel_is_drawn_by_digests_alone(shop):
    drawn = {case.digest for case in draw_panel([shop.golden()], 100)[0][1]}
    assert len(drawn) == 100
    shop.cases = list(reversed(shop.cases))
    shop.cases[0] = {**shop.cases[0], "id": "renamed"}
    assert {case.digest for case in draw_panel([shop.golden()], 100)[0][1]} == drawn
    shop.cases = shop.cases[10:]
    fewer = {case.digest for case in draw_panel([shop.golden()], 100)[0][1]}
    assert drawn & {case.digest for case in shop.golden().cases} <= fewer


def test_cases_that_nobody_grades_and_twins_are_not_on_the_panel(shop):
    graded = {"input": "p", "expected": "x", "cluster": "k", "graders": [{"kind": "exact"}]}
    shop.cases = [{"id": "a", "input": "q"}, {"id": "b", **graded}, {"id": "twin", **graded}]
    [(_, cases)] = draw_panel([shop.golden(toml="grader = []\n")], 100)
    assert len(cases) == 1
    assert cases[0].input == "p"
    assert draw_panel([], 100) == []


def test_the_panel_is_found_again_whatever_the_ids_are(shop, run):
    watch = CanaryRun(run.pipeline, run.suites, run.runtime)
    reference = watch.measure_reference(run.candidate, "")
    shop.cases = [{**case, "id": f"new-{case['id']}"} for case in shop.cases]
    panel, lost = find_panel([shop.golden()], reference)
    assert (len(panel[0][1]), lost) == (100, [])
    shop.cases[0]["expected"] = shop.cases[1]["expected"] = "changed"
    _, lost = find_panel([shop.golden()], reference)
    assert set(lost) <= {"quiz::c0", "quiz::c1"}
