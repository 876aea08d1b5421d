"""(settings, golden set, model) -> the cache that may answer for it, or none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pytest_ftgate.metrics.latency_cost import QUANTILES

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.cache import Cache
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.serve.model import Model


class Wishes(Protocol):
    """What a user set; see `options.Options`."""

    @property
    def cache(self) -> str:
        """One of "", "off", "local"."""

    @property
    def cache_url(self) -> str:
        """Address of a Redis server, or ""."""

    @property
    def engine(self) -> str:
        """What answers."""

    @property
    def base_url(self) -> str:
        """Where an attached server is."""

    @property
    def state_dir(self) -> Path:
        """The state folder."""


def cache_for(wishes: Wishes, suite: Suite, model: Model, shown: str) -> Cache | None:
    """The cache to use; shown: its folder as a user would type it.

    None if it is off; if answers are drawn at random; if the set limits latency, which only a model has. An attached
    server may load other weights under the same name, so there a cache must be asked for. Raises MissingExtra.
    """
    from pytest_ftgate.evaluate.cache import can_be_local, open_cache

    if wishes.cache == "off" or suite.golden.request.temperature > 0 or _limits_latency(suite):
        return None
    asked_for = bool(wishes.cache or wishes.cache_url)
    if not asked_for and (model.served or not can_be_local()):
        return None
    scope = f"{wishes.engine} {wishes.base_url}" if model.served else wishes.engine
    return open_cache(wishes.cache_url, wishes.state_dir / "cache", shown, scope)


def _limits_latency(suite: Suite) -> bool:
    gate = suite.golden.gate
    return gate is not None and any(floor.metric in QUANTILES for floor in gate.floors)
