"""A pipeline whose models have answered already: pipeline runs without a server, with a real journal and registry."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from pathlib import Path

from pytest_ftgate.evaluate.evaluation import Evaluation
from pytest_ftgate.evaluate.suite import Suite
from pytest_ftgate.pipeline.config import read_pipeline
from pytest_ftgate.pipeline.decide.run_checks import checks_of, judge
from pytest_ftgate.pipeline.progress import silent
from pytest_ftgate.pipeline.run import Baseline, PipelineRun
from pytest_ftgate.pipeline.runtime import Runtime
from pytest_ftgate.pipeline.settings import Settings
from pytest_ftgate.registry import Registry, open_registry
from pytest_ftgate.serve.adapter import adapter_digest
from pytest_ftgate.serve.response import Response
from pytest_ftgate.train.manifest import Epoch, Manifest
from tests.projects import lock, pipeline_toml, write, write_golden, write_model, write_rows

GOLDEN = '[[gate.floor]]\nmetric = "accuracy"\nmin = 0.5\n'
PIPELINE = pipeline_toml("quiz", validation="train.jsonl")
DELTA = 0.05


class Shop:
    """One task, "quiz": `shop.pipeline run("weights", wrong=...)` is a candidate that has been trained and asked."""

    def __init__(self, path: Path, database: Path, more: str = "") -> None:
        self.path, self.state = path, path / "state"
        self.state.mkdir()
        shutil.copy(database, self.state / "mlflow.db")
        self.registry: Registry = open_registry(None, self.state)
        self.cases = [{"id": f"c{i}", "input": f"q{i}", "expected": "yes"} for i in range(100)]
        folder = path / "pipelines/quiz"
        write_model(folder / "model")
        write_rows(folder / "train.jsonl", [{"input": "something else", "expected": "yes"}])
        write(folder / "pipeline.toml", PIPELINE + more)

    def golden(self, name: str = "quiz", toml: str = GOLDEN) -> Suite:
        """The golden set as it is now, written and locked."""
        return lock(write_golden(self.path / "goldens" / name, self.cases, toml))

    def adapter(self, weights: str) -> Path:
        folder = self.path / f"adapters/{weights}/adapter"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "adapter_model.safetensors").write_text(weights)
        (folder / "adapter_config.json").write_text('{"r": 8}')
        return folder

    def run(
        self,
        weights: str,
        wrong: Collection[int] = (),
        base_wrong: Collection[int] = range(60),
        suite: Suite | None = None,
        general: tuple[Suite, Collection[int], Collection[int]] | None = None,
    ) -> PipelineRun:
        """wrong, base_wrong: cases that candidate and base model get wrong; general: (set, the same two)."""
        suite = suite or self.golden()
        runtime = Runtime(Settings(state_dir=self.state), silent())
        pipeline = read_pipeline(self.path / "pipelines/quiz/pipeline.toml")
        run = PipelineRun(pipeline, (suite,), runtime, general[0] if general else None)
        run.manifest = manifest(self.adapter(weights))
        run.baseline = Baseline(self.registry.champion("quiz"))
        answered(run.candidate_of(suite), wrong)
        answered(run.baseline_of(suite), base_wrong)
        if general:
            answered(run.candidate_of(general[0]), general[1])
            answered(run.baseline_of(general[0]), general[2])
        return run

    def champion_now(self, run: PipelineRun, suite: Suite, wrong: Collection[int]) -> None:
        """What the champion would answer to a golden set, were it asked now."""
        answered(run.champion_of(suite), wrong)


def answered(evaluation: Evaluation, wrong: Collection[int]) -> None:
    """Write answers into the journal, as an earlier run would have."""
    for i, case in enumerate(evaluation.suite.cases):
        response = Response(case.id, evaluation.model_digest, "no" if i in wrong else "yes")
        evaluation.responses._journal.append(evaluation.responses._keys[case.id][0], response)


def manifest(adapter: Path) -> Manifest:
    path = adapter.with_name("manifest.json")
    epoch = Epoch(1, 1, 1.0, 1, 1, 0.1, 1.1, 0.1)
    made = Manifest(path, "job", adapter_digest(adapter), "lora", 1, (epoch,), {}, {"loss": 0.1}, {}, {}, "")
    made.write(b"")
    return made


def checks(run: PipelineRun, delta: float = DELTA) -> dict[str, object]:
    """Every check of every set that applies, by name."""
    found = {}
    for suite in run.sets:
        for name in checks_of(suite, train=True, general=suite == run.general):
            check = judge(name, suite, run.candidate_of(suite), run, delta)
            if check is not None:
                found[name] = check
    return found
