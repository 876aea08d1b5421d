"""A tiny adapter, really exported as GGUF: gated through llama.cpp's server against its parent, and compared with it."""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pytest_ftgate.cli.form_gate import gate_exported, gate_options
from pytest_ftgate.cli.main import main
from pytest_ftgate.pipeline.production.export import export
from pytest_ftgate.registry import Registry, open_registry
from pytest_ftgate.registry.model_tags import ENGINE, tags_of
from pytest_ftgate.registry.version import FORM
from pytest_ftgate.serve.adapter import adapter_digest
from pytest_ftgate.serve.forms.form import form_of
from pytest_ftgate.serve.model import Model
from pytest_ftgate.serve.servers.engine_identity import identity
from tests.projects import lock, write_golden, write_pipeline, write_rows
from tests.unit.serve.conftest import make_model, make_tokenizer

CASES = 120
"""Random weights answer all of them wrong in either form; so many show that no more than 5 points are lost."""


@pytest.fixture
def project(plain_template: Path, no_tracking_server: None, tmp_path: Path) -> Path:
    """A task "quiz" with a registered v1: an adapter on a tiny Llama, with float32 on this machine."""
    import torch
    from peft import LoraConfig, get_peft_model

    path, tokenizer = tmp_path / "project", make_tokenizer()
    folder = path / "pipelines/quiz"
    model = make_model(len(tokenizer))
    model.save_pretrained(folder / "model")
    tokenizer.save_pretrained(folder / "model")
    torch.manual_seed(1)
    lora = LoraConfig(r=4, target_modules=["q_proj", "v_proj"], init_lora_weights=False, task_type="CAUSAL_LM")
    get_peft_model(model, lora).save_pretrained(path / "adapter")
    write_rows(folder / "train.jsonl", [{"input": "something else", "expected": "spam"}])
    write_pipeline(folder, "quiz", validation="train.jsonl", more='[serve]\ndtype = "float32"\n')
    rows = [{"id": f"c{i}", "input": f"hello {i} spam", "expected": "spam"} for i in range(CASES)]
    lock(write_golden(path / "goldens/quiz", rows, "[request]\nmax_tokens = 4\n"))
    (path / "state").mkdir()
    shutil.copy(plain_template, path / "state/mlflow.db")
    registry = open_registry(None, path / "state")
    served = Model(str(folder / "model"), dtype="float32", adapter=path / "adapter", engine=identity("transformers"))
    run = registry.log_run("quiz", {}, {}, {}, {}, {})
    tags = tags_of(served) | {"verdict": "PROMOTE", "reason": "better"}
    registry.add_version("quiz", path / "adapter", adapter_digest(path / "adapter"), run, tags)
    registry.promote("quiz", 1, "better")
    return path


@pytest.fixture
def registry(project: Path) -> Registry:
    return open_registry(None, project / "state")


def test_it_is_gated_through_llama_cpp_and_compared_side_by_side(
    project: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project)
    parent, form = registry.version("quiz", 1), form_of("gguf:Q8_0")
    found = export(registry, parent, form, project / "form", lambda _line: None)
    args = argparse.ArgumentParser(parents=[gate_options()]).parse_args(["--state-dir", "state"])
    args.task = "quiz"
    code = gate_exported(args, parent, form, found.folder)
    said = capsys.readouterr().out
    assert code == 0, said
    assert "v1's results on record cover 0 of 120 cases of quiz: asked again" in said
    assert f"PROMOTE: quiz v1 as gguf:Q8_0, served with {identity('llamacpp')}: all 2 checks pass" in said
    assert "registered as v2; make it the champion: ftgate promote quiz v2" in said
    version = registry.version("quiz", 2)
    assert (version.tags[FORM], version.tags[ENGINE]) == ("gguf:Q8_0", identity("llamacpp"))

    side_by_side: list[Any] = ["tradeoff", "quiz", "v1", "--forms", "f32,gguf:Q8_0", "--limit", "40"]
    for _ in range(2):  # the second time all is known, and no server is started
        assert main([*side_by_side, "--out", "table.json", "--state-dir", "state"]) == 0
    assert "only 40 cases: small differences cannot be seen" in capsys.readouterr().out
    first, gguf = json.loads(Path("table.json").read_text())["sets"]["quiz"]
    assert (first["form"], first["engine"]) == ("f32", identity("transformers"))
    assert (gguf["form"], gguf["engine"]) == ("gguf:Q8_0", identity("llamacpp"))
    assert 0 < gguf["size"] < first["size"] * 2
    assert min(each["memory"] for each in (first, gguf)) > 10_000_000
    assert (first["ratio"], first["earlier"], gguf["earlier"]) == (1.0, True, True)
    assert gguf["tokens_s"] > 0
    assert gguf["difference"] == 0.0

    assert main([*side_by_side[:-1], "39", "--out", "table.json", "--state-dir", "state", "--forms", "f32"]) == 0
    [first] = json.loads(Path("table.json").read_text())["sets"]["quiz"]
    assert not first["earlier"], "other cases were asked"
