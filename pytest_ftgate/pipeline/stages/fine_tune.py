"""The stage `fine-tune`: an adapter trained in a process of its own, after the servers have given their memory back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pytest_ftgate.graders.nested import kinds_in
from pytest_ftgate.pipeline.data_access import record_access
from pytest_ftgate.pipeline.live_curves import LiveCurves
from pytest_ftgate.pipeline.progress import kept_alive
from pytest_ftgate.pipeline.stages.begin_with import begin_with
from pytest_ftgate.pipeline.stages.mix_data import mix
from pytest_ftgate.pipeline.stages.prepare_data import prepare_data
from pytest_ftgate.pipeline.targets import base_target

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.pipeline.progress import Advance
    from pytest_ftgate.pipeline.run import PipelineRun
    from pytest_ftgate.train.job import TrainJob


def fine_tune(run: PipelineRun) -> None:
    """Train, or take the adapter of an earlier run of the same job."""
    from pytest_ftgate.train.anywhere import train

    prepare_data(run)
    state_dir = run.runtime.settings.state_dir
    mix(run)
    job = begin_with(run, job_of(run, run.base.revision))
    record_access(state_dir, run.pipeline, "fine-tune")
    out_dir = state_dir / "runs" / run.name / job.digest[:16]
    _compare_tokens(run, job, out_dir)
    run.runtime.engines.stop_and_free()
    live = LiveCurves(run.runtime.registry, run.name, out_dir, run.say)
    with run.runtime.console.progress("fine-tune", None) as advance, kept_alive(advance) as shown, live.around():
        run.manifest = train(job, run.pipeline.cluster, out_dir, _Narrator(run.say, shown, live), state_dir)


def job_of(run: PipelineRun, revision: str | None) -> TrainJob:
    """What the run trains. revision: of the base model. Raises PipelineError if a file is not there."""
    pipeline = run.pipeline.at(revision)
    return pipeline.job(run.suites[0].prompt.to_json(), grading(run.suites[0]), run.data_lineage)


def grading(suite: Suite) -> dict[str, Any]:
    """How validation rows are graded while training; a judge is not asked."""
    golden = suite.golden
    label = {"path": golden.label.path, "values": list(golden.label.values)} if golden.label else None
    graders = [dict(spec) for spec in golden.graders if "judge" not in kinds_in(spec)]
    request = golden.request
    asked = {"max_tokens": request.max_tokens, "reasoning": request.reasoning, "stop": tuple(request.stop)}
    return {"graders": graders, "label": label, **asked}


def _compare_tokens(run: PipelineRun, job: TrainJob, out_dir: Path) -> None:
    """Before anything is trained, if the base model is still served; `serve` compares in any case."""
    from pytest_ftgate.train.launch import finished
    from pytest_ftgate.train.preview import preview
    from pytest_ftgate.train.token_check import check_tokens

    engine = run.runtime.engines.running(base_target(run.base).model)
    if engine is not None and finished(job, out_dir, run.runtime.settings.state_dir) is None:
        count = check_tokens(engine.endpoint(run.base), preview(job, out_dir))
        run.say(f"the server reads {count} training rows in the very tokens they will be trained in")


class _Narrator:
    """Events of the trainer -> lines, a bar, and curves."""

    def __init__(self, say: Callable[[str], None], advance: Advance, curves: Callable[[dict[str, Any]], None]) -> None:
        self._curves = curves
        self._say = say
        self._advance = advance

    def __call__(self, event: dict[str, Any]) -> None:
        self._curves(event)
        match event:
            case {"event": "step", "step": step, "steps": steps, "reward": reward}:  # of "grpo", whose loss says little
                self._advance(step, f"reward {reward:.3f}", steps)
            case {"event": "step", "step": step, "steps": steps, "loss": loss}:
                self._advance(step, f"loss {loss:.3f}", steps)
            case {"event": "epoch" | "warning" | "start" | "validation", "text": text}:
                self._say(text)
