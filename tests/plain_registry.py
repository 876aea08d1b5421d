"""MLflow's client without MLflow's database: for tests of what stands on a registry, in a thousandth of the time.

tests/unit/registry holds it to the same contract as MLflow on SQLite. Artifacts are files, as there.
"""

from __future__ import annotations

import re
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_ftgate.registry import client
from pytest_ftgate.registry.error_codes import MISSING, TAKEN


class Page(list[Any]):
    """All there is, so there is no next page."""

    token = None


class PlainClient:
    """One store: experiments, runs, models, each by name or id."""

    def __init__(self) -> None:
        self.experiments: dict[str, Any] = {}
        self.runs: dict[str, Any] = {}
        self.models: dict[str, Any] = {}

    # --- runs ---------------------------------------------------------------------------------------------------------

    def get_experiment_by_name(self, name: str) -> Any:
        return self.experiments.get(name)

    def create_experiment(self, name: str, *, artifact_location: str | None) -> str:
        _must(name not in self.experiments, TAKEN, f"Experiment {name!r} exists")
        made = SimpleNamespace(experiment_id=str(len(self.experiments)), lifecycle_stage="active")
        made.root = Path(artifact_location or "no root")
        self.experiments[name] = made
        return str(made.experiment_id)

    def create_run(
        self,
        experiment_id: str,
        start_time: int | None = None,
        tags: dict[str, Any] | None = None,
        run_name: str | None = None,
    ) -> Any:
        run_id = uuid.uuid4().hex
        [root] = [each.root for each in self.experiments.values() if each.experiment_id == experiment_id]
        info = SimpleNamespace(run_id=run_id, status="RUNNING", end_time=None, experiment_id=experiment_id)
        info.artifact_uri = str(root / run_id / "artifacts")
        info.start_time = _now() if start_time is None else start_time
        tags = {**(tags or {}), "mlflow.runName": run_name or "unnamed"}
        self.runs[run_id] = SimpleNamespace(info=info, data=SimpleNamespace(params={}, metrics={}, tags=tags))
        self.runs[run_id].history = []
        return self.runs[run_id]

    def log_batch(
        self, run_id: str, metrics: Iterable[Any] = (), params: Iterable[Any] = (), tags: Iterable[Any] = ()
    ) -> None:
        run = self.get_run(run_id)
        run.history += metrics
        for each in sorted(run.history, key=lambda point: (point.step, point.timestamp)):
            run.data.metrics[each.key] = _storable(each.value)
        run.data.params |= {each.key: each.value for each in params}
        run.data.tags |= {each.key: each.value for each in tags}

    def get_metric_history(self, run_id: str, key: str) -> list[Any]:
        return [each for each in self.get_run(run_id).history if each.key == key]

    def log_artifact(self, run_id: str, local_path: str, artifact_path: str | None = None) -> None:
        folder = self._artifacts(run_id, artifact_path)
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(local_path, folder)

    def log_artifacts(self, run_id: str, local_dir: str, artifact_path: str | None = None) -> None:
        shutil.copytree(local_dir, self._artifacts(run_id, artifact_path), dirs_exist_ok=True)

    def list_artifacts(self, run_id: str, path: str | None = None) -> list[Any]:
        root, folder = self._artifacts(run_id, None), self._artifacts(run_id, path)
        found = sorted(folder.iterdir()) if folder.is_dir() else []
        return [
            SimpleNamespace(path=each.relative_to(root).as_posix(), is_dir=each.is_dir(), file_size=_size(each))
            for each in found
        ]

    def download_artifacts(self, run_id: str, path: str, dst_path: str | None = None) -> str:
        source, copy = self._artifacts(run_id, path), Path(str(dst_path)) / path
        if source.is_dir():
            return str(shutil.copytree(source, copy, dirs_exist_ok=True))
        copy.parent.mkdir(parents=True, exist_ok=True)
        return str(shutil.copy(source, copy))

    def set_terminated(self, run_id: str, status: str | None = None, end_time: int | None = None) -> None:
        info = self.get_run(run_id).info
        info.status, info.end_time = status or "FINISHED", _now() if end_time is None else end_time

    def update_run(self, run_id: str, status: str | None = None) -> None:
        self.get_run(run_id).info.status = status

    def get_run(self, run_id: str) -> Any:
        _must(run_id in self.runs, MISSING, f"Run {run_id!r} not found")
        return self.runs[run_id]

    def search_runs(
        self,
        experiment_ids: list[str],
        filter_string: str = "",
        *,
        max_results: int = 1000,
        page_token: str | None = None,
    ) -> Page:
        wanted = dict(re.findall(r"tags\.`([^`]*)` = '([^']*)'", filter_string))
        finished = "attributes.status = 'FINISHED'" in filter_string
        return Page(
            run
            for run in self.runs.values()
            if run.info.experiment_id in experiment_ids
            and (run.info.status == "FINISHED" or not finished)
            and wanted.items() <= run.data.tags.items()
        )

    def _artifacts(self, run_id: str, path: str | None) -> Path:
        return Path(self.get_run(run_id).info.artifact_uri) / (path or "")

    # --- models -------------------------------------------------------------------------------------------------------

    def create_registered_model(
        self, name: str, tags: dict[str, Any] | None = None, description: str | None = None
    ) -> Any:
        _must(name not in self.models, TAKEN, f"Registered Model (name={name}) already exists.")
        self.models[name] = SimpleNamespace(
            name=name, tags=dict(tags or {}), aliases={}, creation_timestamp=_now(), versions={}, last=0
        )
        return self.models[name]

    def get_registered_model(self, name: str) -> Any:
        _must(name in self.models, MISSING, f"Registered Model with name={name} not found")
        return self.models[name]

    def set_registered_model_tag(self, name: str, key: str, value: Any) -> None:
        self.get_registered_model(name).tags[key] = str(value)

    def delete_registered_model(self, name: str) -> None:
        self.get_registered_model(name)
        del self.models[name]

    def search_registered_models(self, *, page_token: str | None = None) -> Page:
        return Page(self.models[name] for name in sorted(self.models))

    def create_model_version(
        self, name: str, source: str, run_id: str | None = None, tags: dict[str, Any] | None = None
    ) -> Any:
        model = self.get_registered_model(name)
        model.last += 1
        texts = {key: str(value) for key, value in (tags or {}).items()}
        model.versions[str(model.last)] = SimpleNamespace(
            name=name, version=str(model.last), source=source, run_id=run_id, tags=texts, creation_timestamp=_now()
        )
        return model.versions[str(model.last)]

    def get_model_version(self, name: str, version: str) -> Any:
        versions = self.get_registered_model(name).versions
        _must(version in versions, MISSING, f"Model Version (name={name}, version={version}) not found")
        return versions[version]

    def delete_model_version(self, name: str, version: str) -> None:
        self.get_model_version(name, version)
        model = self.models[name]
        del model.versions[version]
        model.aliases = {alias: number for alias, number in model.aliases.items() if number != version}

    def search_model_versions(self, filter_string: str | None = None, *, page_token: str | None = None) -> Page:
        [name] = re.findall(r"^name = '([^']*)'$", filter_string or "")
        return Page(self.models[name].versions.values() if name in self.models else ())

    def set_model_version_tag(self, name: str, version: str, key: str, value: Any) -> None:
        self.get_model_version(name, version).tags[key] = str(value)

    def delete_model_version_tag(self, name: str, version: str, key: str) -> None:
        del self.get_model_version(name, version).tags[key]

    def set_registered_model_alias(self, name: str, alias: str, version: str) -> None:
        self.get_model_version(name, version)
        self.models[name].aliases[alias] = version

    def delete_registered_model_alias(self, name: str, alias: str) -> None:
        self.get_registered_model(name).aliases.pop(alias, None)


def _must(condition: bool, code: str, message: str) -> None:
    """MLflow's exception unless the condition holds."""
    if not condition:
        from mlflow.exceptions import MlflowException
        from mlflow.protos import databricks_pb2

        raise MlflowException(message, error_code=getattr(databricks_pb2, code))


def _size(file: Path) -> int | None:
    return None if file.is_dir() else file.stat().st_size


def _storable(value: float) -> float:
    """As a database keeps an infinite number."""
    return max(min(value, 1.7976931348623157e308), -1.7976931348623157e308)


def _now() -> int:
    return int(time.time() * 1000)


@contextmanager
def plain_stores() -> Iterator[None]:
    """Inside the block each address but those of the Hub is a plain store, the same one for all who open it."""
    stores: dict[str, client.Client] = {}
    real = client.connect

    def connect(uri: str) -> client.Client:
        return real(uri) if uri.startswith(client.HUB) else stores.setdefault(uri, PlainClient())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "connect", connect)
        yield
