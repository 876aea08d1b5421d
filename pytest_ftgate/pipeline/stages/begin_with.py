"""(pipeline run, job) -> the job that begins with what [train] from names: the base, or the champion's adapter."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_ftgate.errors import TrainError
from pytest_ftgate.registry.version import PARENT, parse_predecessors

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_ftgate.pipeline.run import PipelineRun
    from pytest_ftgate.registry import Version
    from pytest_ftgate.train.job import TrainJob


def check_begin(run: PipelineRun, champion: Version | None) -> None:
    """Before anything is paid for; raises TrainError as `begin_with`."""
    if run.pipeline.tuning.begin != "base" and champion is not None:
        champion = _trained(run, champion)
        from pytest_ftgate.train.continued import shape_of

        shape_of(_adapter(run, champion, run.base.base_digest), str(champion), run.pipeline.lora)


def begin_with(run: PipelineRun, job: TrainJob) -> TrainJob:
    """If the champion itself was trained on these data with these settings, its own job: there is nothing new to learn.

    Raises TrainError if the champion was trained on another base, or its adapter has another shape than [lora].
    """
    if job.tuning.begin == "base":
        return job
    champion = run.champion
    if champion is None:
        run.say(f"{run.name} has no champion yet: trained from the base model")
        return job
    from pytest_ftgate.train.continued import continued

    champion = _trained(run, champion)
    adapter = _adapter(run, champion, job.base_digest)
    further = continued(job, adapter, str(champion), run.pipeline.lora)
    if (own := _own_job(run, champion, job, further)) is not None:
        run.say(f"{champion} was trained on these rows with these settings: there is nothing new to learn from")
        return own
    run.say(f"training goes on from {champion}, {champion.digest[:12]}")
    return further


def _trained(run: PipelineRun, champion: Version) -> Version:
    """What was trained: the version that an exported form was made of, else the champion itself."""
    made_of = parse_predecessors(champion.tags.get(PARENT, ""))
    if not made_of:
        return champion
    parent = run.runtime.registry.version(run.name, made_of[0].number)
    if parent.digest != made_of[0].digest:
        raise TrainError(
            f'train.from = "champion": {champion} was made of {made_of[0]}, which is now {parent.digest[:12]}\n'
            '    set train.from = "base"'
        )
    return parent


def _adapter(run: PipelineRun, champion: Version, base_digest: str) -> Path:
    """The champion's folder. Raises TrainError if it was trained on another base."""
    trained_on = run.runtime.registry.params(champion).get("base_digest", "")
    if trained_on and trained_on != base_digest:
        raise TrainError(
            f'train.from = "champion": {champion} was trained on the base {trained_on[:12]}, and base.model is '
            f'{base_digest[:12]}\n    restore that base model, or set train.from = "base"'
        )
    return run.runtime.registry.fetch(champion)


def _own_job(run: PipelineRun, champion: Version, job: TrainJob, further: TrainJob) -> TrainJob | None:
    """The job that made the champion, if it differs in nothing but what it began with, and is in the state folder."""
    from pytest_ftgate.train.launch import finished

    before = run.runtime.registry.params(champion).get("begin_digest", "")
    own = replace(further, begin_digest=before) if before else job
    state_dir = run.runtime.settings.state_dir
    manifest = finished(own, state_dir / "runs" / run.name / own.digest[:16], state_dir)
    return own if manifest is not None and manifest.digest == champion.digest else None
