"""(version) <-> the registry: its reference runs and its nights, one MLflow run each, in the experiment TASK.canary.

Tags tell the kind of a run, its version, its night and the reference it was compared with; the metric `score` draws the
course of the nights in MLflow's own pages; the answers and their grades are an artifact. Nothing is kept on this
machine, so that any runner may do the next night.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import RegistryError
from pytest_ftgate.pipeline.canary.history import Night
from pytest_ftgate.pipeline.canary.reference import Reference

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.canary.result import Finding
    from pytest_ftgate.registry import Registry, Version
    from pytest_ftgate.registry.search import Logged

KIND, VERSION, NIGHT, COMPARED = "ftgate.kind", "ftgate.version", "ftgate.night", "ftgate.reference"
FILE = "canary.json"


def experiment(task: str) -> str:
    """Where the runs of a task stand."""
    return f"{task}.canary"


def keep_reference(registry: Registry, version: Version, reference: Reference) -> str:
    """Store the reference runs of a version, with which its nights are compared from now on; the id of their run."""
    expected = reference.expected
    metrics = {"score": expected.score, "n": expected.n, "k": expected.k, "v": expected.v}
    tags = {KIND: "reference", "reason": reference.reason, "mlflow.runName": f"v{version.number} reference"}
    return _keep(registry, version, metrics, tags, reference.to_json())


def reference_of(registry: Registry, version: Version) -> Reference | None:
    """The newest reference runs of a version, None if there are none. Raises RegistryError."""
    runs = registry.logged(experiment(version.task), {KIND: "reference", VERSION: str(version.number)})
    if not runs:
        return None
    run_id = runs[-1].run_id
    try:
        return Reference.from_json(registry.artifact(run_id, FILE), run_id)
    except (KeyError, TypeError, ValueError) as error:
        raise RegistryError(
            f"cannot read the reference runs of {version} (MLflow run {run_id}): {type(error).__name__}: {error}\n"
            f"    record new ones: ftgate canary {version.task} --rebase REASON"
        ) from None


def keep_night(registry: Registry, version: Version, reference: Reference, night: Night) -> str:
    """Store a night; the id of its MLflow run."""
    tags = {KIND: "night", NIGHT: str(night.day), COMPARED: reference.run_id}
    tags |= {"ftgate.model": reference.asked.model, "mlflow.runName": f"v{version.number} {night.day}"}
    metrics = {"score": night.score, "n": len(night.grades)}
    return _keep(
        registry,
        version,
        metrics,
        tags,
        {key: [grade, night.texts.get(key, "")] for key, grade in night.grades.items()},
    )


def keep_production(registry: Registry, version: Version, day: date, numbers: Mapping[str, float], finding: str) -> str:
    """Store what a look at labelled production inputs found, and nothing of the inputs; the id of its MLflow run."""
    name = f"v{version.number} production {day}"
    tags = {KIND: "production", NIGHT: str(day), "finding": finding, "mlflow.runName": name}
    return _keep(registry, version, numbers, tags, dict(numbers))


def production_of(registry: Registry, version: Version) -> list[Logged]:
    """The looks at labelled production inputs of a version, as they were recorded."""
    return registry.logged(experiment(version.task), {KIND: "production", VERSION: str(version.number)})


def mark(registry: Registry, run_id: str, finding: Finding) -> None:
    """Add to a night what it found."""
    worst = max((window.z for window in finding.windows), default=0.0)
    registry.tag_run(run_id, {"z": worst}, {"finding": finding.kind, "reason": finding.reason})


def nights_of(registry: Registry, reference: Reference, version: Version) -> list[tuple[Night, Logged]]:
    """The nights that were compared with a reference, as they were recorded, without the grades of the cases."""
    wanted = {KIND: "night", VERSION: str(version.number), COMPARED: reference.run_id}
    return [(_night(run), run) for run in registry.logged(experiment(version.task), wanted)]


def _night(run: Logged) -> Night:
    return Night(date.fromisoformat(run.tags[NIGHT]), run.metrics["score"], run_id=run.run_id)


def _keep(
    registry: Registry, version: Version, metrics: Mapping[str, float], tags: Mapping[str, str], content: dict[str, Any]
) -> str:
    tags = {**tags, VERSION: str(version.number), "ftgate.task": version.task}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / FILE
        file.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        return registry.log_run(experiment(version.task), {}, metrics, {}, {"": file}, tags)
