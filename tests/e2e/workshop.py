"""The repository itself, copied: real data, real model, state in a folder of its own."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.patience import patience
from tests.repository import ROOT

MODEL = ROOT / ".ftgate/models/SmolLM2-135M-Instruct"
ANSWER_S = 3600
"""Seconds for one answer: among busy neighbours, 32 at a time take longer than the usual 60, and late is wrong."""


@dataclass(frozen=True)
class Workshop:
    """A copy of goldens and pipelines beside the model; runs pytest in processes of their own."""

    path: Path

    @classmethod
    def make(cls, path: Path) -> Workshop:
        """The repository as it is, nothing trained yet. Skips without the model."""
        need_model()
        path.mkdir(parents=True, exist_ok=True)
        for folder in ("goldens", "pipelines"):
            shutil.copytree(ROOT / folder, path / folder)
        (path / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n", encoding="utf-8")
        (path / ".ftgate/models").mkdir(parents=True)
        (path / ".ftgate/models" / MODEL.name).symlink_to(MODEL)
        return cls(path)

    def copy(self, path: Path) -> Workshop:
        """All of it, registry included, of which nothing refers to this one any more."""
        shutil.copytree(self.path, path, symlinks=True)
        move_registry(path / ".ftgate/mlflow.db", str(self.path), str(path))
        return Workshop(path)

    def command(self, *args: str) -> list[str]:
        return [sys.executable, "-m", "pytest", "-p", "no:randomly", *args]

    def run(self, *args: str, usual_s: float = 300) -> subprocess.CompletedProcess[str]:
        """usual_s: see `patience`."""
        return self._run(self.command(*args), usual_s)

    def ftgate(self, *args: str, usual_s: float = 60) -> subprocess.CompletedProcess[str]:
        return self._run([sys.executable, "-m", "pytest_ftgate.cli.main", *args], usual_s)

    def _run(self, command: list[str], usual_s: float) -> subprocess.CompletedProcess[str]:
        limit = patience(usual_s)
        return subprocess.run(command, cwd=self.path, capture_output=True, text=True, timeout=limit, check=False)

    def rows(self, name: str) -> list[str]:
        """Lines of a file, with their ends."""
        return (self.path / name).read_text(encoding="utf-8").splitlines(keepends=True)

    def write(self, name: str, rows: list[str]) -> None:
        (self.path / name).write_text("".join(rows), encoding="utf-8")

    def set(self, name: str, **values: object) -> None:
        """Other values for keys that stand once in a TOML file."""
        text = (self.path / name).read_text(encoding="utf-8")
        for key, value in values.items():
            line = f"{key} = {json.dumps(value)}"
            text, found = re.subn(rf"^{key} = [^#\n]*", lambda _, line=line: line, text, flags=re.MULTILINE)
            assert found == 1, f"{name} has {found} lines {key} = ..."
        (self.path / name).write_text(text, encoding="utf-8")

    def be_patient(self) -> None:
        """An answer that comes late is waited for."""
        for settings in sorted(self.path.glob("goldens/*/golden.toml")):
            asked = settings.read_text("utf-8").replace("[request]\n", f"[request]\ntimeout_s = {ANSWER_S}\n")
            settings.write_text(asked, "utf-8")
            self.lock(str(settings.parent.relative_to(self.path)))

    def lock(self, golden: str) -> None:
        """golden.lock for a set as it is now."""
        locked = self.ftgate("lock", golden)
        assert locked.returncode == 0, locked.stderr


def need_model() -> None:
    """Skip where `make data` has not run."""
    if not (MODEL / "config.json").is_file():
        pytest.skip("the base model is not there; make it with: make data")


def move_registry(database: Path, old: str, new: str) -> None:
    """Replace the folder in every address that a registry in SQLite has written down."""
    with sqlite3.connect(database) as connection:
        for table, column in (
            ("experiments", "artifact_location"),
            ("runs", "artifact_uri"),
            ("model_versions", "source"),
            ("model_versions", "storage_location"),
        ):
            connection.execute(f"UPDATE {table} SET {column} = replace({column}, ?, ?)", (old, new))
    connection.close()


def wait_for(condition: Callable[[], object], usual_s: float = 30, process: subprocess.Popen | None = None) -> bool:
    """True once the condition holds; False if `process` ends before, or after `patience(usual_s)`."""
    end = time.monotonic() + patience(usual_s)
    while time.monotonic() < end:
        if condition():
            return True
        if process is not None and process.poll() is not None:
            return False
        time.sleep(0.05)
    return False
