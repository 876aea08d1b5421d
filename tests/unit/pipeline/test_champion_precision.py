"""A champion is asked at the precision and with the chat template it was gated with; by the engine of the run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_ftgate.evaluate.suite import load_suite
from pytest_ftgate.pipeline.config import read_pipeline
from pytest_ftgate.pipeline.progress import Console
from pytest_ftgate.pipeline.references import References
from pytest_ftgate.pipeline.runtime import Runtime
from pytest_ftgate.pipeline.settings import Settings
from pytest_ftgate.pipeline.targets import Target, base_target
from pytest_ftgate.registry import Version
from pytest_ftgate.registry.model_tags import model_of, tags_of
from pytest_ftgate.registry.version import PREVIOUS
from pytest_ftgate.serve import precision
from pytest_ftgate.serve.adapter import adapter_digest
from pytest_ftgate.serve.chat_format import ChatFormat
from pytest_ftgate.serve.device import cpu
from pytest_ftgate.serve.model import Model
from tests.projects import write_golden, write_model, write_pipeline, write_rows

OLD_CPU = cpu("model name: Old CPU\nflags: avx2\n", {})


class Kept:
    """A registry with one version."""

    def __init__(self, version: Version, adapter) -> None:
        self.kept, self.adapter = version, adapter

    def champion(self, task):
        return self.kept

    def fetch(self, version):
        return self.adapter


@pytest.fixture
def base(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model/config.json").write_text("{}")
    return Model(str(tmp_path / "model"), dtype="float32")


@pytest.fixture
def adapter(tmp_path):
    folder = tmp_path / "adapter"
    folder.mkdir()
    (folder / "adapter_model.safetensors").write_text("weights")
    (folder / "adapter_config.json").write_text('{"r": 8}')
    return folder


def runtime(tmp_path, lines, version, adapter) -> Runtime:
    made = Runtime(Settings(state_dir=tmp_path), Console(None, lines.append, quiet=False))
    made.targets.registry = Kept(version, adapter)
    (tmp_path / "mlflow.db").write_text("")  # that there is one
    return made


def version_of(model: Model, tags: dict[str, str] | None = None) -> Version:
    return Version(
        "quiz", 3, adapter_digest(model.adapter), "run", "source", 0.0, tags_of(model) if tags is None else tags
    )


def test_the_version_s_own_precision(tmp_path, base, adapter):
    gated = replace(base, dtype="bfloat16", adapter=adapter)
    target = runtime(tmp_path, [], version_of(gated), adapter).targets.named("", "quiz", base)
    assert target.model == gated
    assert target.digest == gated.digest, "the answers and frozen results are those of the gated model"


def test_the_engine_is_that_of_this_run(tmp_path, base, adapter):
    """Its answers under another engine are other answers: asked again, and never those of the gated model."""
    gated = replace(base, adapter=adapter, engine="transformers 5.19 torch 2.13")
    now = replace(base, engine="vllm 0.32")
    target = runtime(tmp_path, [], version_of(gated), adapter).targets.named("", "quiz", now)
    assert target.model == replace(gated, engine="vllm 0.32")
    assert target.digest != gated.digest


def test_a_branch_of_the_hub_that_has_moved_changes_no_champion(tmp_path, adapter):
    gated = Model("org/name", "a" * 40, dtype="float32", adapter=adapter, engine="vllm 0.32")
    now = replace(gated, revision="b" * 40, adapter=None)
    target = runtime(tmp_path, [], version_of(gated), adapter).targets.named("", "quiz", now)
    assert target.digest == gated.digest
    other = runtime(tmp_path, [], version_of(gated), adapter).targets.named("", "quiz", replace(now, base="org/other"))
    assert other.model.revision == "b" * 40, "a commit of one model is none of another"


def test_a_version_is_served_as_the_engine_it_was_gated_with_names_it(tmp_path, base, adapter):
    gated = replace(base, adapter=adapter, engine="vllm 0.32 --quantization fp8")
    assert model_of(version_of(gated), adapter).digest == gated.digest


@pytest.mark.parametrize(("engine", "stale"), [("vllm 0.32", False), ("vllm 0.33", True), ("", True)])
def test_frozen_results_of_another_engine_are_not_compared(tmp_path, base, adapter, engine, stale):
    champion = version_of(replace(base, adapter=adapter, engine="vllm 0.32"))
    cases = [{"id": f"a{i}", "input": f"question {i}", "expected": "yes"} for i in range(4)]
    suite = load_suite(write_golden(tmp_path / "quiz", cases))
    rows = {case.id: {"case": case.digest, "value": 1.0, "passed": True, "text": ""} for case in suite.cases}

    class Frozen:
        def results(self, version, name):
            return {"cases": rows}

    found = References(champion, Frozen(), lambda: [champion], lambda _suite: None, lambda _suite: (), engine)
    assert found.champion_is_stale(suite) is stale


def test_the_version_s_own_chat_template(tmp_path, base, adapter):
    """Also after pipeline.toml has changed, and where it is served from the registry."""
    chat = ChatFormat("{{ messages }}", '{"thinking": false}', "2026-02-09")
    gated = replace(base, adapter=adapter, chat=chat)
    target = runtime(tmp_path, [], version_of(gated), adapter).targets.named("", "quiz", base)
    assert target.model == gated
    assert model_of(version_of(gated), adapter) == gated
    assert not {"ftgate.chat_template", "ftgate.date"} & set(tags_of(replace(base, adapter=adapter)))


def test_one_registered_without_its_precision_is_asked_at_the_pipeline_s(tmp_path, base, adapter):
    version = version_of(replace(base, adapter=adapter), {})
    assert runtime(tmp_path, [], version, adapter).targets.named("", "quiz", base).model.dtype == "float32"


def test_one_line_says_what_that_costs_here(tmp_path, base, adapter, monkeypatch):
    monkeypatch.setattr(precision, "this_device", lambda: OLD_CPU)
    lines: list[str] = []
    version = version_of(replace(base, dtype="bfloat16", adapter=adapter))
    made = runtime(tmp_path, lines, version, adapter)
    served = Target("served", Model("name", dtype="bfloat16", served=True))
    for target in (made.targets.named("", "quiz", base), base_target(base), served):
        made.engines._say_cost(target.model, target.as_asked)
    [line] = lines
    assert line.startswith("  champion v3, as it was gated: computing in bfloat16 on Old CPU, emulated")


def test_auto_is_resolved_by_the_pipeline_for_model_and_job(tmp_path, monkeypatch):
    folder = tmp_path / "pipelines/quiz"
    write_model(folder / "model")
    write_rows(folder / "t.jsonl", [{"input": "a", "expected": "b"}])
    pipeline = read_pipeline(write_pipeline(folder, "quiz", train="t.jsonl", validation="t.jsonl"))
    for device, dtype in ((OLD_CPU, "float32"), (cpu("flags: avx512_bf16", {}), "bfloat16")):
        monkeypatch.setattr(precision, "this_device", lambda device=device: device)
        assert pipeline.serve.dtype == "auto"
        assert pipeline.dtype == pipeline.base_model.dtype == dtype
        assert pipeline.job({}, {"graders": [], "max_tokens": 8}).dtype == dtype


def test_past_champions_of_another_engine_are_named(base, adapter):
    engines = {1: "", 2: "vllm 0.32", 3: "vllm 0.32"}
    made = [
        replace(version_of(replace(base, adapter=adapter, engine=engine)), number=n) for n, engine in engines.items()
    ]
    past = " ".join(str(version.as_predecessor()) for version in (made[1], made[0]))
    champion = replace(made[2], tags={**made[2].tags, PREVIOUS: past})
    versions = [*made[:2], champion]
    found = References(champion, None, lambda: versions, lambda _suite: None, lambda _suite: (), "vllm 0.32")
    assert [each.number for each in champion.predecessors] == [2, 1]
    assert found.of_other_engines() == ["v1"]
