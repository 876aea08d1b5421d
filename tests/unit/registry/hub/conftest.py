"""A registry in memory with real digests; the Hub is that of the folder above."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_ftgate.registry import Registry, open_registry
from pytest_ftgate.registry.hub.repository import Repository
from tests.hub_server import HubServer

NAME = "acme/spam"


@pytest.fixture
def repo(hub: HubServer) -> Repository:
    return Repository(NAME)


@pytest.fixture
def registry(plain_template: Path, no_tracking_server: None, tmp_path: Path) -> Registry:
    state = tmp_path / "state"
    state.mkdir()
    (state / "mlflow.db").touch()
    return replace(open_registry(None, state), wait_s=0.0)


@pytest.fixture
def adapter(tmp_path: Path) -> Callable[[str], Path]:
    def make(weights: str) -> Path:
        folder = tmp_path / f"adapter-of-{weights}"
        folder.mkdir(exist_ok=True)
        (folder / "adapter_model.safetensors").write_text(weights * 1000)
        config = {"peft_type": "LORA", "r": 8, "base_model_name_or_path": str(tmp_path / "base")}
        (folder / "adapter_config.json").write_text(json.dumps(config))
        return folder

    return make


@pytest.fixture
def add(registry: Registry, adapter: Callable[[str], Path], tmp_path: Path) -> Callable[..., int]:
    """add("weights") -> the number of a new version of "spam" with evidence, by default judged PROMOTE."""

    def register(weights: str, **tags: str) -> int:
        folder, results = adapter(weights), tmp_path / "results"
        results.mkdir(exist_ok=True)
        (results / "sms.json").write_text(json.dumps({"cases": {"a": {"value": 1.0}, "b": {"value": 0.0}}}))
        numbers = {"sms.f1": 0.95, "sms.f1.lower": 0.91, "seconds.train": 3.0}
        settings = {"data.train.sha256": "ab12", "path": str(tmp_path), "data.train.path": str(tmp_path)}
        run = registry.log_run("spam", settings, numbers, {}, {"results": results}, {})
        given = {"verdict": "PROMOTE", "reason": "better", "ftgate.base": "acme/base", "ftgate.dtype": "float32"}
        given |= {"golden.sms": "feed", "ftgate.model": f"model-{weights}"}
        return registry.add_version("spam", folder, registry.digest_of(folder), run, given | tags).number

    return register
