"""Parameters, numbers, curves and files of a training -> one finished MLflow run."""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from pytest_ftgate.errors import IntegrityError, RegistryError
from pytest_ftgate.registry.client import Client
from pytest_ftgate.registry.error_codes import TAKEN, code_of
from pytest_ftgate.registry.location import check_experiment
from pytest_ftgate.registry.store import Store

Curves = Mapping[str, Sequence[tuple[int, float]]]
"""Name -> (step, value) pairs."""

LONGEST_PARAMETER = 6000
LONGEST_TAG = 8000
PARAMETERS_A_CALL = 100
METRICS_A_CALL = 1000

T = TypeVar("T")


def log_run(  # noqa: PLR0913, PLR0917 - the six kinds of things a run has
    store: Store,
    task: str,
    params: Mapping[str, object],
    metrics: Mapping[str, float],
    curves: Curves,
    artifacts: Mapping[str, Path],
    tags: Mapping[str, str],
    run_id: str = "",
) -> str:
    """Log one run in the experiment `task`, or what `run_id` lacks; the run's id. See `Registry.log_run`."""
    run_id = run_id or create(store, task, tags.get("mlflow.runName"))
    with store.asking(f"cannot log the run of {task}") as client:
        status = "FAILED"
        try:
            _log(client, run_id, params, metrics, curves, tags)
            for folder, path in artifacts.items():
                _log_artifact(client, run_id, folder, path)
            status = "FINISHED"
        finally:
            client.set_terminated(run_id, status)
    return run_id


def create(store: Store, task: str, name: str | None = None) -> str:
    """A run under way in the experiment `task`; its id."""
    with store.asking(f"cannot log the run of {task}") as client:
        experiment = ensure_experiment(client, check_experiment(task), store.artifact_root)
        return str(client.create_run(experiment, run_name=name).info.run_id)


def add_points(store: Store, run_id: str, curves: Curves) -> None:
    """Add points to the curves of a run under way."""
    with store.asking(f"cannot add to the run {run_id}") as client:
        _log(client, run_id, {}, {}, curves, {})


def tag_run(store: Store, run_id: str, metrics: Mapping[str, float], tags: Mapping[str, str]) -> None:
    """Add numbers and tags to a run that is finished."""
    with store.asking(f"cannot add to the run {run_id}") as client:
        _log(client, run_id, {}, metrics, {}, tags)


def read_metrics(store: Store, run_id: str) -> dict[str, float]:
    """The newest value of each metric of a run."""
    with store.asking(f"cannot read the metrics of the run {run_id}") as client:
        return dict(client.get_run(run_id).data.metrics)


def read_params(store: Store, run_id: str) -> dict[str, str]:
    """The parameters of a run, as text."""
    with store.asking(f"cannot read the parameters of the run {run_id}") as client:
        return dict(client.get_run(run_id).data.params)


def read_json(store: Store, run_id: str, file: str, sha256: str | None = None) -> Any:
    """The content of a JSON file among the run's artifacts; None if the run has no such file.

    sha256: of the file as it was logged, "" if there was none; by default not compared. Raises IntegrityError for
    another one.
    """
    content = _read(store, run_id, file)
    if sha256 is not None and sha256 != (found := hashlib.sha256(content).hexdigest() if content is not None else ""):
        raise IntegrityError(
            f"{file} of the run {run_id} {f'has the sha256 {found[:12]}' if found else 'is gone'}, but was logged "
            f"{f'with {sha256[:12]}' if sha256 else 'without one'}: changed by hand, not used\n"
            "    Restore the file, or roll back to a version whose results are whole: ftgate rollback TASK --to vN"
        )
    try:
        return json.loads(content) if content is not None else None
    except ValueError as error:
        raise RegistryError(f"{file} of the run {run_id} is not valid JSON: {error}") from None


def digests(store: Store, run_id: str, folder: str) -> dict[str, str]:
    """sha256 of each file of a folder of a run, by the file's name."""
    with store.asking(f"cannot read {folder} of the run {run_id}") as client:
        paths = [str(found.path) for found in client.list_artifacts(run_id, folder)]
    contents = {path.rpartition("/")[2]: _read(store, run_id, path) for path in paths}
    return {name: hashlib.sha256(content).hexdigest() for name, content in contents.items() if content is not None}


def _read(store: Store, run_id: str, file: str) -> bytes | None:
    folder = file.rpartition("/")[0]
    with store.asking(f"cannot read {file} of the run {run_id}") as client, tempfile.TemporaryDirectory() as draft:
        if file not in {found.path for found in client.list_artifacts(run_id, folder or None)}:
            return None
        return Path(client.download_artifacts(run_id, file, draft)).read_bytes()


def flatten(params: Mapping[str, object], prefix: str = "") -> dict[str, str]:
    """Nested settings -> "lora.r": "8"; anything but text is written as JSON, cut at MLflow's limit."""
    flat: dict[str, str] = {}
    for key, value in params.items():
        name = _name(f"{prefix}{key}")
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{name}.")
        else:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
            flat[name] = text[:LONGEST_PARAMETER]
    return flat


def _log(  # noqa: PLR0913, PLR0917
    client: Client,
    run_id: str,
    params: Mapping[str, object],
    metrics: Mapping[str, float],
    curves: Curves,
    tags: Mapping[str, str],
) -> None:
    from mlflow.entities import Metric, Param, RunTag

    now = int(time.time() * 1000)
    points = [Metric(_name(name), float(value), now, 0) for name, value in metrics.items()]
    points += [Metric(_name(name), float(value), now, step) for name, curve in curves.items() for step, value in curve]
    for some in batches(points, METRICS_A_CALL):
        client.log_batch(run_id, metrics=some)
    for pairs in batches(list(flatten(params).items()), PARAMETERS_A_CALL):
        client.log_batch(run_id, params=[Param(key, value) for key, value in pairs])
    for pairs in batches(list(tags.items()), PARAMETERS_A_CALL):
        client.log_batch(run_id, tags=[RunTag(_name(key), str(value)[:LONGEST_TAG]) for key, value in pairs])


def _log_artifact(client: Client, run_id: str, folder: str, path: Path) -> None:
    """Files go into the folder `folder` of the run, "" being its top; what a folder holds likewise."""
    if not path.exists():
        raise RegistryError(f"cannot log {path} with the run: no such file or folder")
    log = client.log_artifacts if path.is_dir() else client.log_artifact
    log(run_id, str(path), folder or None)


def ensure_experiment(client: Client, name: str, artifact_root: str | None) -> str:
    """The id of an experiment, which is made if there is none. Raises RegistryError if it was deleted."""
    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return str(client.create_experiment(name, artifact_location=artifact_root))
        except Exception as error:
            if code_of(error) != TAKEN:
                raise
            found = client.get_experiment_by_name(name)
    if found is None or found.lifecycle_stage != "active":
        raise RegistryError(f"MLflow experiment {name!r} is deleted; restore it: mlflow experiments restore")
    return str(found.experiment_id)


def _name(name: str) -> str:
    """Only the characters MLflow allows in names."""
    return re.sub(r"[^\w.:/ -]", "_", name)


def batches(items: Sequence[T], size: int) -> Iterator[list[T]]:
    """Lists of at most `size` items."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
