"""A registry of its own for each test."""

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_ftgate.registry import Registry, open_registry


def digest_of(folder: Path) -> str:
    """Stands in for serve.model.adapter_digest."""
    return hashlib.sha256((folder / "adapter_model.safetensors").read_bytes()).hexdigest()


@pytest.fixture(params=["mlflow", "plain"])
def registry(request: pytest.FixtureRequest, no_tracking_server: None, tmp_path: Path) -> Registry:
    """On MLflow, and on the double that stands in for it elsewhere: one contract holds both."""
    state = tmp_path / "state"
    state.mkdir()
    shutil.copy(request.getfixturevalue(f"{request.param}_template"), state / "mlflow.db")
    return replace(open_registry(None, state), digest_of=digest_of, wait_s=0.0)


on_mlflow = pytest.mark.parametrize("registry", ["mlflow"], indirect=True)
"""For tests of what MLflow does, or of several processes."""

on_plain = pytest.mark.parametrize("registry", ["plain"], indirect=True)
"""For tests of what stands on any store, where MLflow would cost a minute and show no more."""


@pytest.fixture
def adapter(tmp_path: Path) -> Callable[[str], Path]:
    def make(weights: str) -> Path:
        folder = tmp_path / f"adapter-of-{weights}"
        folder.mkdir(exist_ok=True)
        (folder / "adapter_model.safetensors").write_text(weights)
        (folder / "adapter_config.json").write_text("{}")
        return folder

    return make


@pytest.fixture
def add(registry: Registry, adapter: Callable[[str], Path]) -> Callable[..., int]:
    """add("weights") -> the number of a new version of the task "spam", by default one that the gate would promote."""

    def register(weights: str, **tags: str) -> int:
        folder = adapter(weights)
        run = registry.log_run("spam", {}, {}, {}, {}, {})
        return registry.add_version("spam", folder, digest_of(folder), run, {"verdict": "PROMOTE"} | tags).number

    return register
