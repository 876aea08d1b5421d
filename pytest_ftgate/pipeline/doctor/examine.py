"""(Patient) -> all findings, in the order in which they are read; and what the first stage of `--train` asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pytest_ftgate.pipeline.doctor.cluster import cluster
from pytest_ftgate.pipeline.doctor.disk import disk
from pytest_ftgate.pipeline.doctor.finding import Finding, Findings
from pytest_ftgate.pipeline.doctor.hub import base
from pytest_ftgate.pipeline.doctor.keys import context, first_weights, template
from pytest_ftgate.pipeline.doctor.machine import cuda, device, enough
from pytest_ftgate.pipeline.doctor.memory import memory, neighbours
from pytest_ftgate.pipeline.doctor.patient import Patient
from pytest_ftgate.pipeline.doctor.rows import floors, goldens, rows
from pytest_ftgate.pipeline.doctor.serving import unread
from pytest_ftgate.pipeline.doctor.software import asked_for, libraries, python, vllm
from pytest_ftgate.pipeline.doctor.speed import time_and_price, whole_run
from pytest_ftgate.pipeline.doctor.tracking import tracking

Check = Callable[[Patient], Findings]

CHECKS: tuple[Check, ...] = (
    python,
    libraries,
    asked_for,
    vllm,
    unread,
    tracking,
    cluster,
    device,
    enough,
    cuda,
    neighbours,
    base,
    template,
    first_weights,
    context,
    rows,
    goldens,
    floors,
    memory,
    disk,
    time_and_price,
    whole_run,
)
QUICK: tuple[Check, ...] = (
    libraries,
    asked_for,
    vllm,
    unread,
    cluster,
    enough,
    cuda,
    base,
    template,
    first_weights,
    context,
    memory,
    disk,
)


def examine(patient: Patient, checks: Sequence[Check] = CHECKS) -> list[Finding]:
    """What each check has found, once; none of them raises for what is wrong with the machine."""
    return list(dict.fromkeys(finding for check in checks for finding in check(patient)))
