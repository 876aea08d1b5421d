"""(experiment, tags) -> the finished MLflow runs that carry them, oldest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_ftgate.registry.location import check_experiment
from pytest_ftgate.registry.store import Store

A_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Logged:
    """A finished run as MLflow holds it. ended_s: seconds since 1970."""

    run_id: str
    tags: Mapping[str, str]
    metrics: Mapping[str, float]
    ended_s: float


def search(store: Store, experiment: str, tags: Mapping[str, str]) -> list[Logged]:
    """All finished runs of an experiment that have these tags; none if there is no such experiment."""
    wanted = [f"tags.`{name}` = '{_quotable(value)}'" for name, value in tags.items()]
    question = " and ".join(["attributes.status = 'FINISHED'", *wanted])
    found: list[Logged] = []
    token: str | None = ""
    with store.asking(f"cannot list the runs of {experiment}") as client:
        place = client.get_experiment_by_name(check_experiment(experiment))
        while place is not None and token is not None:
            page = client.search_runs([place.experiment_id], question, max_results=A_PAGE, page_token=token or None)
            found += map(_logged, page)
            token = page.token or None
    return sorted(found, key=lambda run: run.ended_s)


def _quotable(value: str) -> str:
    if "'" in value:
        raise ValueError(f"tag value contains a quotation mark: {value}")
    return value


def _logged(run: Any) -> Logged:
    return Logged(run.info.run_id, dict(run.data.tags), dict(run.data.metrics), (run.info.end_time or 0) / 1000)
