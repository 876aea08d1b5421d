"""pytest-xdist: everything that asks a model runs on one worker, all other tests spread as usual.

The controller collects nothing, and node ids of Python tests do not say which of them ask a model: each worker writes
those ids to a file in a folder that the controller made, before it sends its collection.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling

from pytest_ftgate.files.atomic import write_text

if TYPE_CHECKING:
    from xdist.remote import Producer

SCOPE = "pytest-ftgate"
IDS = "ftgate-ids.json"


class OneModelWorker(LoadScopeScheduling):  # type: ignore[misc]
    """Load scheduling with one scope for all that asks a model; `--dist` shapes the other scopes."""

    def __init__(self, config: pytest.Config, log: Producer | None, folder: Path) -> None:
        super().__init__(config, log)
        self._folder = folder
        self._dist = config.getoption("dist")

    @cached_property
    def _ours(self) -> frozenset[str]:
        """Node ids of what asks a model; where no golden case was selected, no worker wrote a file."""
        file = self._folder / IDS
        return frozenset(json.loads(file.read_text(encoding="utf-8")) if file.exists() else ())

    def _split_scope(self, nodeid: str) -> str:
        if nodeid in self._ours:
            return SCOPE
        match self._dist:
            case "loadscope":
                return nodeid.rsplit("::", 1)[0]
            case "loadfile":
                return nodeid.split("::", 1)[0]
            case "loadgroup" if nodeid.rfind("@") > nodeid.rfind("]"):
                return nodeid.rsplit("@", 1)[1]
            case _:
                return nodeid


class Controller:
    """The plugin object of the controller: makes the scheduler. `ReportCollector` adds up what the workers counted."""

    def __init__(self) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="ftgate-xdist-")

    def pytest_configure_node(self, node: Any) -> None:
        """Tell each worker where to write."""
        node.workerinput["ftgate_folder"] = self._temporary.name

    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Producer) -> OneModelWorker | None:
        """Ours, unless every worker is to run every test."""
        if config.getoption("dist") in ("each", "no"):
            return None
        return OneModelWorker(config, log, Path(self._temporary.name))

    def pytest_unconfigure(self) -> None:
        """Remove the folder."""
        self._temporary.cleanup()


def write_ids(folder: str, nodeids: Iterable[str]) -> None:
    """On a worker: say which of its items ask a model. All workers write the same; the last rename wins."""
    write_text(Path(folder) / IDS, json.dumps(list(nodeids)))
