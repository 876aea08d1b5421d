"""Points of a training that is under way -> an MLflow run that is there before the training ends.

A file beside the training says which run it is and how far each curve is logged, so that a resumed training goes on in
the same run, and so does the verdict.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import RegistryError
from pytest_ftgate.files.atomic import write_text
from pytest_ftgate.registry.store import Store

FILE = "mlflow_run.json"
"""Beside the manifest of a training."""

Points = Mapping[str, Sequence[tuple[int, float]]]


class LiveRun:
    """The run of a training in `folder`. Its calls raise RegistryError if the store cannot be asked."""

    def __init__(self, store: Store, task: str, folder: Path) -> None:
        self._store, self._task, self._file = store, task, folder / FILE
        self.run_id, self._last = _known(self._file)

    def is_there(self) -> bool:
        """Whether a run was begun, and nobody has deleted it since."""
        if not self.run_id:
            return False
        try:
            with self._store.asking(f"cannot read the run {self.run_id}") as client:
                return str(getattr(client.get_run(self.run_id).info, "lifecycle_stage", "active")) == "active"
        except RegistryError:
            return False

    def begin(self) -> None:
        """Create the run, or say of the one that is there that it is under way again."""
        from pytest_ftgate.registry.runs import create

        if self.is_there():
            with self._store.asking(f"cannot go on with the run {self.run_id}") as client:
                client.update_run(self.run_id, "RUNNING")
        else:
            self.run_id, self._last = create(self._store, self._task), {}
            self._write()

    def log(self, points: Points) -> None:
        """Add the points that come after the last of each curve."""
        from pytest_ftgate.registry.runs import add_points

        new = self.rest(points)
        add_points(self._store, self.run_id, new)
        self._last |= {name: curve[-1][0] for name, curve in new.items()}
        self._write()

    def rest(self, points: Points) -> dict[str, list[tuple[int, float]]]:
        """What of the curves is not logged yet, in order of the steps."""
        last = self._last
        new = {name: sorted(p for p in curve if p[0] > last.get(name, -1)) for name, curve in points.items()}
        return {name: curve for name, curve in new.items() if curve}

    def end(self, status: str) -> None:
        """status: "FINISHED", "FAILED" or "KILLED"; the run stays open for a resumed training and for the verdict."""
        with self._store.asking(f"cannot end the run {self.run_id}") as client:
            client.set_terminated(self.run_id, status)

    def forget(self) -> None:
        """The run has its verdict; another one of this training gets a run of its own."""
        self._file.unlink(missing_ok=True)

    def _write(self) -> None:
        write_text(self._file, json.dumps({"run_id": self.run_id, "last": self._last}))


def _known(file: Path) -> tuple[str, dict[str, int]]:
    """What a file says; nothing if it is not there or damaged."""
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return str(found["run_id"]), {str(name): int(step) for name, step in found["last"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return "", {}
