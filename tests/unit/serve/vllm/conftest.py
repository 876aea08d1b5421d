"""The engine of vLLM on the fake of its program."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_ftgate.serve.model import Model
from pytest_ftgate.serve.vllm.command import VllmSettings
from pytest_ftgate.serve.vllm.engine import VllmEngine
from tests.fake_vllm import make_executable


@pytest.fixture
def make(tmp_path, monkeypatch):
    """`make(plan, arguments)` -> an engine that starts the fake; stopped at the end."""
    engines = []

    def engine(plan=None, *arguments, limit_s=60.0, model=None):
        monkeypatch.setenv("FAKE_VLLM", json.dumps(plan or {}))
        monkeypatch.setenv("FAKE_VLLM_RECORD", str(tmp_path / "record.json"))
        settings = VllmSettings(str(make_executable(tmp_path / "bin")), arguments, limit_s)
        base = model or Model(str(base_folder(tmp_path)), dtype="float32")
        made = VllmEngine(base, tmp_path / "logs" / "vllm.log", settings)
        made.grace_s = 0.5
        engines.append(made)
        return made

    yield engine
    for engine_made in engines:
        engine_made.stop()


def base_folder(tmp_path) -> Path:
    folder = tmp_path / "base"
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text('{"max_position_embeddings": 512}')
    return folder
