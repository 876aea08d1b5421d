"""A registry with a real (tiny) adapter in it, asked through `ftgate`."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_ftgate.cli.main import main
from pytest_ftgate.registry import Registry, open_registry
from pytest_ftgate.registry.model_tags import tags_of
from pytest_ftgate.serve.adapter import adapter_digest
from pytest_ftgate.serve.model import Model


@pytest.fixture
def registry(plain_template: Path, no_tracking_server: None, tmp_path: Path) -> Registry:
    state = tmp_path / "state"
    state.mkdir()
    shutil.copy(plain_template, state / "mlflow.db")
    return open_registry(None, state)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    folder = tmp_path / "base"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


@pytest.fixture
def promote(registry: Registry, base: Path, tmp_path: Path) -> Callable[[str], int]:
    """promote("weights") -> the number of the new champion of "spam"."""

    def make(weights: str) -> int:
        folder = tmp_path / f"adapter-{weights}"
        folder.mkdir()
        (folder / "adapter_model.safetensors").write_text(weights)
        config = {"r": 8, "lora_alpha": 16, "target_modules": ["q_proj"], "bias": "none", "peft_type": "LORA"}
        (folder / "adapter_config.json").write_text(json.dumps(config))
        run = registry.log_run("spam", {}, {}, {}, {}, {})
        tags = tags_of(Model(str(base), None, adapter=folder)) | {"verdict": "PROMOTE", "reason": "all checks passed"}
        version = registry.add_version("spam", folder, adapter_digest(folder), run, tags)
        return registry.promote("spam", version.number, "all checks passed").number

    return make


@pytest.fixture
def ftgate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """ftgate("status") -> exit code, standard output, standard error."""

    def run(command: str, *args: str) -> tuple[int, str, str]:
        code = main([command, *args, "--state-dir", str(tmp_path / "state")])
        return code, *capsys.readouterr()

    return run
