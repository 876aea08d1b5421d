"""(store, runs of a backup) -> the same runs in the store, and under which ids."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_ftgate.registry.backup.blobs import Blobs
from pytest_ftgate.registry.backup.full_client import RESTORED, FullClient, full
from pytest_ftgate.registry.backup.manifest import SavedRun, SavedTask
from pytest_ftgate.registry.runs import METRICS_A_CALL, PARAMETERS_A_CALL, batches, ensure_experiment
from pytest_ftgate.registry.search import A_PAGE
from pytest_ftgate.registry.store import Store

DONE = "FINISHED"


def restore_runs(store: Store, blobs: Blobs, task: SavedTask) -> dict[str, str]:
    """Bring back the runs that are not there; old id -> id here, of these and of those that versions name."""
    lost = {version.run for version in task.versions} - {run.id for run in task.runs}
    runs = [*task.runs, *(SavedRun(each, task.name, "", DONE, 0, 0, {}, {}, (), {}) for each in sorted(lost))]
    ids: dict[str, str] = {}
    with store.asking(f"cannot restore the runs of {task.name}") as client:
        for name in dict.fromkeys(run.experiment for run in runs):
            experiment = ensure_experiment(client, name, store.artifact_root)
            there = _there(full(client), experiment)
            for run in (each for each in runs if each.experiment == name):
                found = there.get(run.id) or _begin(full(client), experiment, run)
                ids[run.id] = str(found.info.run_id)
                if found.info.status != DONE:
                    _fill(full(client), blobs, run, ids)
    return ids


def _there(client: FullClient, experiment: str) -> dict[str, Any]:
    """Runs of an experiment by the ids that the backup knows them by."""
    found: dict[str, Any] = {}
    token: str | None = ""
    while token is not None:
        page = client.search_runs([experiment], "", max_results=A_PAGE, page_token=token or None)
        found |= {dict(run.data.tags).get(RESTORED, str(run.info.run_id)): run for run in page}
        token = page.token or None
    return found


def _begin(client: FullClient, experiment: str, run: SavedRun) -> Any:
    tags = {RESTORED: run.id}
    return client.create_run(experiment, start_time=run.begin_ms, tags=tags, run_name=run.name or None)


def _fill(client: FullClient, blobs: Blobs, run: SavedRun, ids: Mapping[str, str]) -> None:
    """One run, or the rest of it; its status, written last, says that it is whole. The id of another restored run among
    its tags becomes the one that it has here.
    """
    from mlflow.entities import Metric, Param, RunTag

    here = ids[run.id]
    points = [Metric(each.name, float(each.value), each.at_ms, each.step) for each in run.points]
    for some in batches(points, METRICS_A_CALL):
        client.log_batch(here, metrics=some)
    for pairs in batches(list(run.params.items()), PARAMETERS_A_CALL):
        client.log_batch(here, params=[Param(key, value) for key, value in pairs])
    for pairs in batches(list(run.tags.items()), PARAMETERS_A_CALL):
        client.log_batch(here, tags=[RunTag(key, ids.get(value, value)) for key, value in pairs])
    if run.artifacts:
        with tempfile.TemporaryDirectory(prefix="ftgate-") as draft:
            client.log_artifacts(here, str(blobs.lay_out(run.artifacts, Path(draft))))
    client.set_terminated(here, DONE, end_time=run.end_ms)
