"""What the registry asks of a store: these calls of MLflow's client, and no others.

Names, defaults and errors are MLflow's; its client is one of them without knowing. Values that come back are MLflow's
entities, whose fields are read as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

HUB = "hf://"
"""How the address of a registry on the Hugging Face Hub begins."""

Page = Any
"""A list of entities with the field `token`, which asks for the next page; None or "" at the end."""


class Client(Protocol):
    """Runs, model versions, aliases. What is there already or missing is an error with `error_code`, see `store`."""

    def get_experiment_by_name(self, name: str) -> Any:
        """The experiment; None if there is none of that name."""

    def create_experiment(self, name: str, *, artifact_location: str | None) -> str:
        """Its id."""

    def create_run(self, experiment_id: str, *, run_name: str | None) -> Any:
        """A run under way."""

    def log_batch(
        self, run_id: str, metrics: Sequence[Any] = ..., params: Sequence[Any] = ..., tags: Sequence[Any] = ...
    ) -> Any:
        """Numbers, settings and tags of a run."""

    def log_artifact(self, run_id: str, local_path: str, artifact_path: str | None = ...) -> None:
        """Copy a file into a folder of the run."""

    def log_artifacts(self, run_id: str, local_dir: str, artifact_path: str | None = ...) -> None:
        """Copy what a folder holds into a folder of the run."""

    def list_artifacts(self, run_id: str, path: str | None = ...) -> Sequence[Any]:
        """What stands in a folder of the run."""

    def download_artifacts(self, run_id: str, path: str, dst_path: str | None = ...) -> str:
        """Where the copy of a file or folder of the run is."""

    def set_terminated(self, run_id: str, status: str | None = ...) -> None:
        """End a run."""

    def update_run(self, run_id: str, status: str | None = ...) -> None:
        """Give a run another status."""

    def get_run(self, run_id: str) -> Any:
        """The run, with info and data."""

    def search_runs(
        self, experiment_ids: list[str], filter_string: str = ..., *, max_results: int, page_token: str | None
    ) -> Page:
        """Runs of experiments that a filter lets through."""

    def create_registered_model(
        self, name: str, tags: dict[str, Any] | None = ..., description: str | None = ...
    ) -> Any:
        """A new model; an error if there is one of that name."""

    def get_registered_model(self, name: str) -> Any:
        """The model, with tags and aliases."""

    def set_registered_model_tag(self, name: str, key: str, value: Any) -> None:
        """Set a tag of a model."""

    def delete_registered_model(self, name: str) -> None:
        """Remove a model with all its versions."""

    def search_registered_models(self, *, page_token: str | None = ...) -> Page:
        """All models."""

    def create_model_version(
        self, name: str, source: str, run_id: str | None = ..., tags: dict[str, Any] | None = ...
    ) -> Any:
        """The next version of a model."""

    def get_model_version(self, name: str, version: str) -> Any:
        """One version."""

    def search_model_versions(self, filter_string: str | None = ..., *, page_token: str | None = ...) -> Page:
        """Versions that a filter lets through."""

    def set_model_version_tag(self, name: str, version: str, key: str, value: Any) -> None:
        """Set a tag of a version."""

    def set_registered_model_alias(self, name: str, alias: str, version: str) -> None:
        """Point an alias of a model to a version, whatever it pointed to."""

    def delete_registered_model_alias(self, name: str, alias: str) -> None:
        """Remove an alias; nothing if there is none."""


def connect(uri: str) -> Client:
    """MLflow's client of the store at an address; ours for a repository of the Hub, hf://ORG/NAME."""
    if uri.startswith(HUB):
        from pytest_ftgate.registry.hub.client import hub_client

        return hub_client(uri)
    from mlflow import MlflowClient

    client: Client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    return client
