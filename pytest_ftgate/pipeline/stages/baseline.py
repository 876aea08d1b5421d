"""The stage `baseline`: the untuned model with its best prompt on every golden set."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from pytest_ftgate.pipeline.run import Baseline, PipelineRun
from pytest_ftgate.pipeline.stages.prepare_data import prepare_data
from pytest_ftgate.pipeline.targets import base_target

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.evaluation import Evaluation


def measure_baseline(run: PipelineRun) -> None:
    """Answers of earlier runs are taken as they are. The registry opens meanwhile: its import takes seconds."""
    prepare_data(run)
    warm = threading.Thread(target=run.runtime.registry.prepare, daemon=True)
    warm.start()
    target = base_target(run.base)
    for suite in run.sets:
        evaluation = run.baseline_of(suite)
        run.evaluations.ask(evaluation, suite.cases, target, f"baseline {suite.name}")
        _say_score(run, evaluation)
    warm.join()
    run.baseline = Baseline(run.runtime.targets.champion(run.name))


def _say_score(run: PipelineRun, evaluation: Evaluation) -> None:
    for name, options in evaluation.suite.metrics:
        metric = evaluation.metric(**options)
        bounds = f"[{metric.lower:.3f}, {metric.upper:.3f}]"
        run.say(f"base on {evaluation.suite.name}: {name} {metric.value:.3f} {bounds}")
