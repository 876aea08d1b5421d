"""A registry of its own for each test."""

import hashlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_ftgate.registry import Registry, open_registry
from tests.hub_server import HubServer


def digest_of(folder: Path) -> str:
    """Stands in for serve.model.adapter_digest."""
    return hashlib.sha256((folder / "adapter_model.safetensors").read_bytes()).hexdigest()


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    from huggingface_hub import constants

    with HubServer({}) as server:
        for name, value in {
            "ENDPOINT": server.url,
            "HUGGINGFACE_CO_URL_TEMPLATE": server.url + "/{repo_id}/resolve/{revision}/{filename}",
            "HF_HUB_CACHE": str(tmp_path / "hub-cache"),
            "HF_HUB_DISABLE_XET": True,
            "HF_HUB_OFFLINE": False,
            "HF_TOKEN_PATH": str(tmp_path / "no-token"),
        }.items():
            monkeypatch.setattr(constants, name, value)
        monkeypatch.setenv("HF_TOKEN", "good")
        yield server


@pytest.fixture(params=["mlflow", "plain", pytest.param("hub", marks=pytest.mark.slow)])
def registry(request: pytest.FixtureRequest, no_tracking_server: None, tmp_path: Path) -> Registry:
    """On MLflow, on the Hub, and on the double that stands in for them elsewhere: one contract holds all."""
    state = tmp_path / "state"
    state.mkdir()
    if request.param == "hub":
        request.getfixturevalue("hub")
        return replace(open_registry("hf://acme/registry", state), digest_of=digest_of, wait_s=0.0)
    shutil.copy(request.getfixturevalue(f"{request.param}_template"), state / "mlflow.db")
    return replace(open_registry(None, state), digest_of=digest_of, wait_s=0.0)


on_files = pytest.mark.parametrize("registry", ["mlflow", "plain"], indirect=True)
"""For tests that change the stored files of a version: on the Hub they cannot be reached."""

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
