"""What backup and restore ask of a store beyond `Client`: history of metrics, times of runs, numbers of versions."""

from __future__ import annotations

from typing import Any, Protocol, cast

from pytest_ftgate.errors import RegistryError
from pytest_ftgate.registry.client import Client

RESTORING = "ftgate.restoring"
"""Tag of a version that is not restored whole yet."""

RESTORED = "ftgate.restored"
"""Tag of a restored run: the id that it had."""


class FullClient(Client, Protocol):
    """As MLflow's client has them. Times are milliseconds since 1970."""

    def create_run(
        self,
        experiment_id: str,
        start_time: int | None = ...,
        tags: dict[str, Any] | None = ...,
        run_name: str | None = ...,
    ) -> Any:
        """A run under way, begun at a time."""

    def set_terminated(self, run_id: str, status: str | None = ..., end_time: int | None = ...) -> None:
        """End a run, at a time."""

    def get_metric_history(self, run_id: str, key: str) -> list[Any]:
        """All points of a metric."""

    def delete_model_version(self, name: str, version: str) -> None:
        """Remove a version; its number is not given out again."""

    def delete_model_version_tag(self, name: str, version: str, key: str) -> None:
        """Remove a tag."""


def full(client: Client) -> FullClient:
    """The same client. Raises RegistryError if its kind of registry cannot be backed up by a command."""
    wanted = ("get_metric_history", "delete_model_version", "delete_model_version_tag")
    if missing := [name for name in wanted if not hasattr(client, name)]:
        raise RegistryError(
            f"this kind of registry cannot be backed up or restored by ftgate ({', '.join(missing)} missing); "
            "use MLflow, or copy the repository"
        )
    return cast("FullClient", client)
