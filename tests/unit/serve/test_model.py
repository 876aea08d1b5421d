from __future__ import annotations

import json
import os
import shutil

import pytest

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.adapter import adapter_digest
from pytest_ftgate.serve.model import Model, folder_digest


@pytest.fixture
def base(tmp_path):
    folder = tmp_path / "base"
    folder.mkdir()
    (folder / "config.json").write_text('{"a": 1}')
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


@pytest.fixture
def adapter(tmp_path):
    folder = tmp_path / "adapter"
    folder.mkdir()
    (folder / "adapter_model.safetensors").write_bytes(b"lora")
    config = {"r": 8, "lora_alpha": 16, "target_modules": ["q", "v"], "base_model_name_or_path": "/x", "bias": "none"}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    return folder


def edit(adapter, **fields):
    path = adapter / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def test_the_digest_is_of_the_content_not_of_the_place(base, tmp_path):
    shutil.copytree(base, tmp_path / "copy")
    (base / "README.md").write_text("words")
    assert folder_digest(base) == folder_digest(tmp_path / "copy")


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json", "chat_template.jinja"])
def test_each_file_that_decides_answers_counts(base, name):
    before = folder_digest(base)
    (base / name).write_bytes(b"other!!")
    assert folder_digest(base) != before


def test_a_file_of_the_same_size_written_later_is_read_again(base):
    before = folder_digest(base)
    file = base / "model.safetensors"
    file.write_bytes(b"WEIGHTS")
    os.utime(file, (1, 1))
    assert folder_digest(base) != before


def test_the_order_of_target_modules_and_the_base_path_do_not_count(adapter):
    before = adapter_digest(adapter)
    edit(adapter, target_modules=["v", "q"], base_model_name_or_path="/elsewhere", revision="x")
    assert adapter_digest(adapter) == before


@pytest.mark.parametrize("change", [{"r": 16}, {"lora_alpha": 8}, {"target_modules": ["q"]}, {"use_rslora": True}])
def test_what_changes_answers_counts(adapter, change):
    before = adapter_digest(adapter)
    edit(adapter, **change)
    assert adapter_digest(adapter) != before


def test_precision_adapter_and_revision_are_part_of_the_model(base, adapter):
    models = [
        Model(str(base), dtype="bfloat16"),
        Model(str(base), dtype="float16"),
        Model(str(base), dtype="float32"),
        Model(str(base), quantization="bitsandbytes"),
        Model(str(base), adapter=adapter),
        Model("org/name", "r1"),
        Model("org/name", "r2"),
        Model("org/name", served=True),
        Model(str(base), engine="transformers 5.19 torch 2.13"),
        Model(str(base), engine="vllm 0.32"),
        Model(str(base), engine="vllm 0.32 --quantization fp8"),
    ]
    assert len({m.digest for m in models}) == len(models)
    assert len({m.base_digest for m in models[:4]}) == 1


def test_missing_files_are_named(tmp_path, adapter):
    with pytest.raises(ServeError, match="no model files found"):
        folder_digest(tmp_path / "nothing")
    (adapter / "adapter_model.safetensors").unlink()
    with pytest.raises(ServeError, match=r"adapter_model\.safetensors: not found"):
        adapter_digest(adapter)


@pytest.mark.parametrize("change", [{"alora_invocation_tokens": [63]}, {"exclude_modules": "x"}, {"of_tomorrow": 1}])
def test_every_field_that_a_loader_may_read_counts(adapter, change):
    before = adapter_digest(adapter)
    edit(adapter, **change)
    assert adapter_digest(adapter) != before
