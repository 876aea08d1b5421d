"""(pipeline run, job) -> the job that begins with what [train] from names: the base, or the champion's adapter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ftgate.errors import TrainError

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.run import PipelineRun
    from pytest_ftgate.train.job import TrainJob


def begin_with(run: PipelineRun, job: TrainJob) -> TrainJob:
    """Raises TrainError if the champion was trained on another base, or its adapter has another shape than [lora]."""
    if job.tuning.begin == "base":
        return job
    champion = run.champion
    if champion is None:
        run.say(f"{run.name} has no champion yet: trained from the base model")
        return job
    from pytest_ftgate.train.continued import continued

    trained_on = run.runtime.registry.params(champion).get("base_digest", "")
    if trained_on and trained_on != job.base_digest:
        raise TrainError(
            f'train.from = "champion": {champion} was trained on the base {trained_on[:12]}, and base.model is '
            f'{job.base_digest[:12]}\n    restore that base model, or set train.from = "base"'
        )
    adapter = run.runtime.registry.fetch(champion)
    run.say(f"training goes on from {champion}, {champion.digest[:12]}")
    return continued(job, adapter, str(champion), run.pipeline.lora)
