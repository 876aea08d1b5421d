"""Runs on the Hub: one JSON file each, their files beside them. See `registry.client` for what each method does."""

from __future__ import annotations

import re
import shutil
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pytest_ftgate.registry.error_codes import MISSING, TAKEN
from pytest_ftgate.registry.hub.state import RUNS, Change, Snapshot, State, to_bytes

ARTIFACTS = "artifacts"
LARGEST = 1.7976931348623157e308
"""What an infinite number becomes, as in MLflow's databases."""


class Page(list[Any]):
    """All there is, so there is no next page."""

    token = None


class HubRuns:
    """The part of `registry.client.Client` that is about experiments and runs."""

    def __init__(self, state: State) -> None:
        self.state = state

    def get_experiment_by_name(self, name: str) -> Any:
        """The experiment; None if there is none of that name."""
        found = self.state.now().data["experiments"].get(name)
        return SimpleNamespace(experiment_id=found, name=name, lifecycle_stage="active") if found else None

    def create_experiment(self, name: str, *, artifact_location: str | None) -> str:  # noqa: ARG002
        """Its id. The files of its runs lie in the repository, wherever `artifact_location` says."""

        def make(now: Snapshot) -> Change[str]:
            must(name not in now.data["experiments"], TAKEN, f"Experiment {name!r} exists")
            made = uuid.uuid4().hex[:12]
            now.data["experiments"][name] = made
            return now.with_data(), made

        return self.state.change(f"experiment {name}", make)

    def create_run(
        self,
        experiment_id: str,
        start_time: int | None = None,
        tags: dict[str, Any] | None = None,
        run_name: str | None = None,
    ) -> Any:
        """A run under way. start_time: milliseconds since 1970, by default now."""
        run_id = uuid.uuid4().hex
        run: dict[str, Any] = {
            "experiment": experiment_id,
            "status": "RUNNING",
            "begun": _now() if start_time is None else start_time,
            "ended": None,
            "params": {},
            "tags": {**(tags or {}), "mlflow.runName": run_name or "unnamed"},
            "points": [],
        }
        self.state.change(f"run {run_id[:8]}", lambda _: ({_path(run_id): to_bytes(run)}, None))
        return self._to_run(run_id, run)

    def log_batch(
        self, run_id: str, metrics: Iterable[Any] = (), params: Iterable[Any] = (), tags: Iterable[Any] = ()
    ) -> None:
        """Numbers, settings and tags of a run."""
        points = [[each.key, _storable(each.value), each.step, each.timestamp] for each in metrics]
        new_params = {each.key: each.value for each in params}
        new_tags = {each.key: each.value for each in tags}

        def add(run: dict[str, Any]) -> None:
            run["points"] += points
            run["params"] |= new_params
            run["tags"] |= new_tags

        self._update(run_id, add)

    def log_artifact(self, run_id: str, local_path: str, artifact_path: str | None = None) -> None:
        """Copy a file into a folder of the run."""
        self._upload(run_id, artifact_path, {Path(local_path).name: Path(local_path)})

    def log_artifacts(self, run_id: str, local_dir: str, artifact_path: str | None = None) -> None:
        """Copy what a folder holds into a folder of the run."""
        files = {path.relative_to(local_dir).as_posix(): path for path in Path(local_dir).rglob("*") if path.is_file()}
        self._upload(run_id, artifact_path, files)

    def list_artifacts(self, run_id: str, path: str | None = None) -> Sequence[Any]:
        """What stands in a folder of the run."""
        root = f"{ARTIFACTS}/{run_id}/"
        folder = f"{root}{path}/" if path else root
        files = self.state.now().files
        names = sorted({each.removeprefix(folder).partition("/")[0] for each in files if each.startswith(folder)})
        sizes = {name: files[folder + name].size for name in names if folder + name in files}
        return [
            SimpleNamespace(
                path=f"{path}/{name}" if path else name, is_dir=name not in sizes, file_size=sizes.get(name)
            )
            for name in names
        ]

    def download_artifacts(self, run_id: str, path: str, dst_path: str | None = None) -> str:
        """Where the copy of a file or folder of the run is."""
        now, wanted = self.state.now(), f"{ARTIFACTS}/{run_id}/{path}"
        files = [each for each in now.files if each == wanted or each.startswith(f"{wanted}/")]
        must(bool(files), MISSING, f"No such artifact: {path!r} of the run {run_id}")
        cache = self.state.repo.download(files, now.commit)
        for each in files:
            copy = Path(str(dst_path), each.removeprefix(f"{ARTIFACTS}/{run_id}/"))
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(cache / each, copy)
        return str(Path(str(dst_path), path))

    def set_terminated(self, run_id: str, status: str | None = None, end_time: int | None = None) -> None:
        """End a run. end_time: milliseconds since 1970, by default now."""
        ended = _now() if end_time is None else end_time
        self._update(run_id, lambda run: run.update(status=status or "FINISHED", ended=ended))

    def get_metric_history(self, run_id: str, key: str) -> list[Any]:
        """All points of a metric."""
        points = _found(self.state.now(), run_id)["points"]
        return [
            SimpleNamespace(key=name, value=value, step=step, timestamp=at_ms)
            for name, value, step, at_ms in points
            if name == key
        ]

    def update_run(self, run_id: str, status: str | None = None) -> None:
        """Give a run another status."""
        self._update(run_id, lambda run: run.update(status=status))

    def get_run(self, run_id: str) -> Any:
        """The run, with info and data."""
        return self._to_run(run_id, _found(self.state.now(), run_id))

    def search_runs(
        self,
        experiment_ids: list[str],
        filter_string: str = "",
        *,
        max_results: int = 1000,  # noqa: ARG002 - one page holds all
        page_token: str | None = None,  # noqa: ARG002
    ) -> Page:
        """Runs of experiments that a filter of tags lets through, all in one page."""
        wanted = dict(re.findall(r"tags\.`([^`]*)` = '([^']*)'", filter_string))
        finished = "attributes.status = 'FINISHED'" in filter_string
        now = self.state.now()
        runs = ((run_id, now.run(run_id) or {}) for run_id in now.runs())
        return Page(
            self._to_run(run_id, run)
            for run_id, run in runs
            if run["experiment"] in experiment_ids
            and (run["status"] == "FINISHED" or not finished)
            and wanted.items() <= run["tags"].items()
        )

    def _update(self, run_id: str, edit: Callable[[dict[str, Any]], None]) -> None:
        def make(now: Snapshot) -> Change[None]:
            run = _found(now, run_id)
            edit(run)
            return {_path(run_id): to_bytes(run)}, None

        self.state.change(f"run {run_id[:8]}", make)

    def _upload(self, run_id: str, folder: str | None, files: dict[str, Path]) -> None:
        root = "/".join(part for part in (ARTIFACTS, run_id, folder) if part)
        named = {f"{root}/{name}": path for name, path in files.items()}

        def make(now: Snapshot) -> Change[None]:
            _found(now, run_id)
            return dict(named), None

        if named:
            self.state.change(f"files of run {run_id[:8]}", make)

    def _to_run(self, run_id: str, run: dict[str, Any]) -> Any:
        info = SimpleNamespace(
            run_id=run_id,
            status=run["status"],
            start_time=run["begun"],
            end_time=run["ended"],
            experiment_id=run["experiment"],
            lifecycle_stage="active",
            artifact_uri=f"hf://{self.state.repo.name}/{ARTIFACTS}/{run_id}",
        )
        newest = {key: value for key, value, _, _ in sorted(run["points"], key=lambda point: (point[2], point[3]))}
        return SimpleNamespace(info=info, data=SimpleNamespace(params=run["params"], metrics=newest, tags=run["tags"]))


def must(condition: bool, code: str, message: str) -> None:
    """MLflow's exception unless the condition holds, as who asks the registry expects it."""
    if not condition:
        from mlflow.exceptions import MlflowException
        from mlflow.protos import databricks_pb2

        raise MlflowException(message, error_code=getattr(databricks_pb2, code))


def _found(now: Snapshot, run_id: str) -> dict[str, Any]:
    run = now.run(run_id)
    must(run is not None, MISSING, f"Run {run_id!r} not found")
    return run or {}


def _path(run_id: str) -> str:
    return f"{RUNS}/{run_id}.json"


def _now() -> int:
    return int(time.time() * 1000)


def _storable(value: float) -> float:
    return max(min(float(value), LARGEST), -LARGEST)
