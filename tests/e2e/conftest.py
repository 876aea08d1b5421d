"""The repository itself, copied: real data, real model, state in a folder of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODEL = ROOT / ".ftgate/models/SmolLM2-135M-Instruct"


@dataclass
class Workshop:
    """A copy of goldens and pipelines beside the model; runs pytest in processes of their own."""

    path: Path

    def command(self, *args: str) -> list[str]:
        return [sys.executable, "-m", "pytest", "-p", "no:randomly", *args]

    def run(self, *args: str, timeout_s: float = 1500) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*args), cwd=self.path, capture_output=True, text=True, timeout=timeout_s, check=False
        )

    def ftgate(self, *args: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pytest_ftgate", *args]
        return subprocess.run(command, cwd=self.path, capture_output=True, text=True, timeout=300, check=False)

    def edit(self, name: str, old: str, new: str) -> None:
        file = self.path / name
        text = file.read_text(encoding="utf-8")
        assert old in text, f"{name} has no {old!r}"
        file.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """One for each test module: its tests build on each other, in order, as a user's days do."""
    if not (MODEL / "config.json").is_file():
        pytest.skip("the base model is not there; make it with: make data")
    path = tmp_path_factory.mktemp("workshop")
    for folder in ("goldens", "pipelines"):
        shutil.copytree(ROOT / folder, path / folder)
    (path / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n", encoding="utf-8")
    (path / ".ftgate/models").mkdir(parents=True)
    (path / ".ftgate/models" / MODEL.name).symlink_to(MODEL)
    return Workshop(path)
