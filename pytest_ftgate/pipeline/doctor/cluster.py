"""The Ray cluster that trains -> findings: whether it answers, and has the GPUs that are wanted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.errors import MissingExtra, TrainError
from pytest_ftgate.pipeline.doctor.finding import Finding, Findings, error, ok, warning
from pytest_ftgate.train.ray.cluster import on_ray
from pytest_ftgate.train.strategies.check import read_configuration

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.doctor.patient import Patient
    from pytest_ftgate.train.tuning import Tuning


ANSWER_S = 10.0
"""Seconds in which the cluster says what it has; it is said that it answers where it takes longer."""


def cluster(patient: Patient) -> Findings:
    """Nothing where the trainer runs here. A cluster without the GPUs may get them: its autoscaler adds nodes."""
    pipeline = patient.pipeline
    if not on_ray(pipeline.tuning):
        return
    from pytest_ftgate.train.ray.jobs import Jobs

    try:
        pipeline.cluster.variables()
        there = Jobs(pipeline.cluster.url).resources(ANSWER_S)
    except MissingExtra:
        return  # `asked_for` says so
    except TrainError as fault:
        text, _, fix = str(fault).partition("\n")
        yield error("Ray", text, fix.strip())
        return
    yield _gpus(patient, there) if there else ok("Ray", f"a cluster answers at {pipeline.cluster.url}")


def _gpus(patient: Patient, there: dict[str, tuple[float, float]]) -> Finding:
    cluster, tuning = patient.pipeline.cluster, patient.pipeline.tuning
    wanted = _processes(tuning) if cluster.use_gpu else 0
    found = " and ".join(f"{there.get(name, (0.0, 0.0))[1]:g} {name}s" for name in ("GPU", "CPU"))
    text = f"the cluster at {cluster.url} has {found}"
    if there.get("GPU", (0.0, 0.0))[1] < wanted:
        return warning(
            "Ray", f"{text}; the job waits for {wanted} GPUs", "lower train.gpus, or set ray.use_gpu = false"
        )
    return ok("Ray", text)


def _processes(tuning: Tuning) -> int:
    """On all nodes, each with a GPU."""
    if not tuning.accelerate_config:
        return tuning.gpus * tuning.nodes
    return max(1, int(read_configuration(Path(tuning.accelerate_config)).get("num_processes") or 1))
