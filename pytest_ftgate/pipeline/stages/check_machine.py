"""Before anything is paid for: can this machine train, validate and serve the model? Quick, and one line if it can."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.pipeline.doctor.examine import QUICK, examine
from pytest_ftgate.pipeline.doctor.finding import Finding, Level
from pytest_ftgate.pipeline.doctor.memory import brief
from pytest_ftgate.pipeline.doctor.patient import Patient

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.run import PipelineRun


def check_machine(run: PipelineRun) -> str:
    """Say a line for each warning. Returns all errors, if there is anything left to train; "" if there are none."""
    from pytest_ftgate.serve.device import this_device

    settings = run.runtime.settings
    patient = Patient(
        pipeline=run.pipeline,
        device=this_device(),
        state_dir=settings.state_dir,
        suites=run.suites,
        engine=settings.engine,
        vllm=settings.vllm,
        quick=True,
    )
    findings = examine(patient, QUICK)
    errors = [finding for finding in findings if finding.level is Level.ERROR]
    for finding in findings:
        if finding.level is not Level.OK:
            run.say(f"{finding.level}: {_told(finding, ': ')}")
    if errors and not _trained(run):
        return "\n".join([*map(_told, errors), f"nothing was asked or trained; `ftgate doctor {run.name}` says more"])
    if said := brief(patient):
        run.say(said)
    return ""


def _told(finding: Finding, between: str = "\n    ") -> str:
    return finding.text + (f"{between}{finding.fix}" if finding.fix else "")


def _trained(run: PipelineRun) -> bool:
    """Whether an earlier run has left what this one would train."""
    from pytest_ftgate.pipeline.stages.fine_tune import grading
    from pytest_ftgate.train.launch import finished

    try:
        job = run.pipeline.job(run.suites[0].prompt.to_json(), grading(run.suites[0]), run.data_lineage)
    except FtgateError:  # there is no base model
        return False
    state_dir = run.runtime.settings.state_dir
    return finished(job, state_dir / "runs" / run.name / job.digest[:16], state_dir) is not None
