"""A registry in memory, the fake `vllm`, and a server that follows the registry in this process."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pytest_ftgate.registry import open_registry
from tests.fake_vllm import make_executable
from tests.unit.pipeline.production.champions import Champions


@pytest.fixture
def champions(plain_template: Path, no_tracking_server: None, tmp_path: Path) -> Champions:
    state = tmp_path / "state"
    state.mkdir()
    shutil.copy(plain_template, state / "mlflow.db")
    return Champions(open_registry(None, state), tmp_path)


@pytest.fixture
def vllm(tmp_path: Path) -> str:
    """The fake program."""
    return str(make_executable(tmp_path / "bin"))
