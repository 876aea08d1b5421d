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


def check_machine(run: PipelineRun) -> None:
    """Once, whichever stage comes first: a line for each warning and error, and in `machine_lacks` the errors.

    What an earlier run has trained needs no machine that could.
    """
    if run.machine_lacks is not None:
        return
    patient = _patient(run)
    findings = examine(patient, QUICK)
    errors = [finding for finding in findings if finding.level is Level.ERROR]
    if errors and _trained(run, patient):
        errors = []
    for finding in (*(each for each in findings if each.level is Level.WARNING), *errors):
        run.say(f"{finding.level}: {_told(finding, ': ')}")
    if not errors and (said := brief(patient)):
        run.say(said)
    more = f"nothing was asked or trained; `ftgate doctor {run.name}` says more"
    run.machine_lacks = "\n".join([*map(_told, errors), more]) if errors else ""


def _patient(run: PipelineRun) -> Patient:
    from pytest_ftgate.serve.device import this_device

    settings = run.runtime.settings
    return Patient(
        pipeline=run.pipeline,
        device=this_device(),
        state_dir=settings.state_dir,
        suites=run.suites,
        engine=settings.engine,
        vllm=settings.vllm,
        quick=True,
    )


def _told(finding: Finding, between: str = "\n    ") -> str:
    return finding.text + (f"{between}{finding.fix}" if finding.fix else "")


def _trained(run: PipelineRun, patient: Patient) -> bool:
    """Whether an earlier run has left what this one would train; not known of files that are yet to be mixed."""
    from pytest_ftgate.pipeline.stages.fine_tune import job_of
    from pytest_ftgate.train.launch import finished

    if run.pipeline.data.is_mixed:  # what is trained on is known after the rows are drawn
        return False
    if run.pipeline.tuning.begin != "base":
        return False
    commit = patient.folder.name if patient.hub_id and patient.folder else run.source.base.revision
    try:
        job = job_of(run, commit)
    except FtgateError:  # there is no base model
        return False
    state_dir = run.runtime.settings.state_dir
    return finished(job, state_dir / "runs" / run.name / job.digest[:16], state_dir) is not None
