"""The base model of a version: the tested folder, the one that is named, or a copy from the registry."""

from __future__ import annotations

import json
import shutil

import pytest

from pytest_ftgate.errors import RegistryError
from pytest_ftgate.pipeline.config import read_pipeline
from pytest_ftgate.pipeline.production.base_models import base_folder, base_here, keep_base
from pytest_ftgate.registry import open_registry
from pytest_ftgate.registry.model_tags import model_of, tags_of
from pytest_ftgate.serve.adapter import adapter_digest
from pytest_ftgate.serve.model import Model
from tests import projects
from tests.projects import pipeline_toml


@pytest.fixture
def registry(plain_template, no_tracking_server, tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    shutil.copy(plain_template, state / "mlflow.db")
    return open_registry(None, state)


@pytest.fixture
def model(tmp_path):
    base, adapter = tmp_path / "base", tmp_path / "adapter"
    base.mkdir()
    adapter.mkdir()
    (base / "config.json").write_text("{}")
    (base / "model.safetensors").write_bytes(b"weights")
    (adapter / "adapter_model.safetensors").write_text("a")
    config = {"r": 8, "lora_alpha": 16, "target_modules": ["q_proj"], "bias": "none", "peft_type": "LORA"}
    (adapter / "adapter_config.json").write_text(json.dumps(config))
    return Model(str(base), None, adapter=adapter)


@pytest.fixture
def version(registry, model):
    run = registry.log_run("spam", {}, {}, {}, {}, {})
    return registry.add_version("spam", model.adapter, adapter_digest(model.adapter), run, tags_of(model))


def test_a_folder_that_is_here_is_taken_and_one_that_is_named_too(registry, version, model):
    assert base_folder(registry, version) == model.base
    assert base_folder(registry, version, "/elsewhere") == "/elsewhere"


def test_where_the_folder_is_gone_the_registry_gives_it_once(registry, version, model, tmp_path):
    said = []
    assert [keep_base(registry, model) for _ in range(2)] == [True, False]
    shutil.rmtree(model.base)
    found = base_folder(registry, version, say=said.append)
    assert base_folder(registry, version, say=said.append) == found
    assert found.startswith(str(registry.state_dir / "bases"))
    assert said == ["base model base: not here as tested; fetching it from the registry"]
    assert model_of(version, model.adapter, found).digest == version.tags["ftgate.model"]


def test_a_folder_with_another_model_by_now_is_not_taken_for_it(registry, version, model, tmp_path):
    keep_base(registry, model)
    (tmp_path / "base/model.safetensors").write_bytes(b"another model")
    assert base_folder(registry, version, say=lambda _: None) != model.base


def test_where_neither_has_it_the_message_says_what_to_do(registry, version, model):
    shutil.rmtree(model.base)
    with pytest.raises(RegistryError, match=r"which is not here(.|\n)*--base DIR; or set \[registry\] base = true"):
        base_folder(registry, version)


def test_a_hub_id_comes_from_the_hub(registry, model):
    run = registry.log_run("spam", {}, {}, {}, {}, {})
    hub = Model("org/name", "0" * 40, adapter=model.adapter)
    version = registry.add_version("spam", model.adapter, adapter_digest(model.adapter), run, tags_of(hub))
    assert base_folder(registry, version) == "org/name"
    assert not keep_base(registry, hub)


def test_a_canary_on_a_machine_without_the_folder_asks_the_same_model(registry, version, model, tmp_path):
    file = projects.write(tmp_path / "spam" / "pipeline.toml", pipeline_toml("spam", model=model.base))
    pipeline = read_pipeline(file)
    assert base_here(registry, version, pipeline) == pipeline.base_model
    keep_base(registry, model)
    tested = pipeline.base_model.base_digest
    shutil.rmtree(model.base)
    found = base_here(registry, version, pipeline)
    assert (found.base_digest, found.base != model.base) == (tested, True)
