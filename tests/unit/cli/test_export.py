"""`ftgate export`: a registered version of a tiny model, written in another form."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

import pytest

from pytest_ftgate.cli.main import main
from pytest_ftgate.errors import RegistryError
from pytest_ftgate.golden.case import Prompt
from pytest_ftgate.pipeline.production.calibration import ROWS, calibration
from pytest_ftgate.pipeline.production.export import export
from pytest_ftgate.registry import Registry, open_registry
from pytest_ftgate.registry.audit.entry import read_entry
from pytest_ftgate.registry.model_tags import tags_of
from pytest_ftgate.serve.forms.form import Form
from pytest_ftgate.serve.model import Model, adapter_digest, folder_digest
from tests.projects import write_rows
from tests.unit.serve.conftest import make_model, make_tokenizer


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base and an adapter."""
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(1)
    place, tokenizer = tmp_path_factory.mktemp("made"), make_tokenizer()
    make_model(len(tokenizer)).save_pretrained(place / "base")
    tokenizer.save_pretrained(place / "base")
    config = LoraConfig(r=4, target_modules=["q_proj"], init_lora_weights=False, task_type="CAUSAL_LM")
    get_peft_model(make_model(len(tokenizer)), config).save_pretrained(place / "adapter")
    (place / "adapter/README.md").unlink(missing_ok=True)
    return place


@pytest.fixture
def registry(made: Path, tmp_path: Path, plain_template: Path) -> Registry:
    """ "spam" v1, trained on train.jsonl."""
    state = tmp_path / "state"
    state.mkdir()
    shutil.copy(plain_template, state / "mlflow.db")
    train = write_rows(tmp_path / "train.jsonl", [{"input": f"hello {i}", "expected": "spam"} for i in range(300)])
    found = open_registry(None, state)
    digest = hashlib.sha256(train.read_bytes()).hexdigest()
    run_id = found.log_run("spam", {"train_digest": digest}, {}, {}, {}, {})
    model = Model(str(made / "base"), dtype="float32", adapter=made / "adapter")
    found.add_version("spam", made / "adapter", adapter_digest(made / "adapter"), run_id, tags_of(model))
    return found


def run(registry: Registry, *args: object) -> int:
    return main(["export", "spam", *map(str, args), "--state-dir", str(registry.state_dir)])


def test_a_version_is_fetched_verified_and_written(registry, tmp_path, capsys):
    dest = tmp_path / "out"
    assert run(registry, "v1", "--to", "merged", dest, "--no-gate") == 0
    last = read_entry(registry.log.lines()[0][-1])
    assert (last.kind, last.what["form"], last.what["of"]) == ("export", "merged", 1)
    said = capsys.readouterr().out
    assert f"spam v1 as merged: {dest}, " in said
    assert f"digest {folder_digest(dest)}" in said
    assert "stored in float32: logits differ from base + adapter by" in said
    found = export(registry, registry.version("spam", 1), Form("merged"), dest, lambda _: None)
    assert (found.parent, found.digest) == (f"v1@{registry.version('spam', 1).digest}", folder_digest(dest))


def test_a_base_that_has_changed_is_refused(registry, made, tmp_path, capsys):
    moved = tmp_path / "moved"
    shutil.copytree(made / "base", moved)
    assert run(registry, "v1", "--to", "merged", tmp_path / "out", "--no-gate", "--base", moved) == 0
    (moved / "config.json").write_text((moved / "config.json").read_text().replace("10000.0", "20000.0"))
    assert run(registry, "v1", "--to", "merged", tmp_path / "two", "--no-gate", "--base", moved) == 2
    assert "the base model has changed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("awq", "out"), "pip install llmcompressor; then pass --quantize-python"),
        (("int8", "out", "--converter", "x"), "--converter is for gguf; remove it for int8"),
        (("gguf:F16", "out", "--converter", "'x"), "--converter 'x: cannot parse \"'x\": No closing quotation"),
        (("gguf:F16", "out", "--converter", " "), "--converter is empty; name a command"),
        (("merged", "out", "--calibration", "x"), "--calibration is for awq and gptq; remove it for merged"),
    ],
)
def test_faults_of_the_command_line_are_found_before_anything_is_fetched(args, said, registry, tmp_path, capsys):
    assert run(registry, "v1", "--to", *args) == 2
    assert said in capsys.readouterr().err
    assert not (registry.state_dir / "models").exists()


def test_another_form_is_refused_with_those_there_are(registry, tmp_path, capsys):
    with pytest.raises(SystemExit):
        run(registry, "v1", "--to", "gguf:Q9", tmp_path / "out")
    assert "argument --to: 'gguf:Q9' is not a form of a model; expected one of: merged, int8" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("form", "option", "said"),
    [("gguf:F16", "--pipelines", "no pipeline 'spam' in "), ("merged", "--vllm", "nowhere")],
)
def test_what_its_gate_lacks_is_found_before_anything_is_fetched(form, option, said, registry, tmp_path, capsys):
    assert run(registry, "v1", "--to", form, tmp_path / "out", option, tmp_path / "nowhere") == 2
    err = capsys.readouterr().err
    assert said in err
    assert ("vllm" in err) == (option == "--vllm")
    assert not (registry.state_dir / "models").exists()


def test_a_folder_without_a_name_is_refused(registry, capsys):
    with pytest.raises(SystemExit):
        run(registry, "v1", "--to", "merged", "")
    assert "argument --to: the folder's name is empty" in capsys.readouterr().err


def test_without_a_champion_a_version_must_be_named(registry, tmp_path, capsys):
    assert run(registry, "--to", "merged", tmp_path / "out") == 2
    assert "spam has no champion yet\n    name a version" in capsys.readouterr().err


def test_rows_to_calibrate_with_are_those_of_the_training_file_and_of_no_other(registry, made, tmp_path):
    version, model = registry.version("spam", 1), Model(str(made / "base"), dtype="float32")
    rows: Any = [
        calibration(registry, version, model, tmp_path / "train.jsonl", Prompt("Sort.", "{{ text }}"), "lora")
        for _ in "ab"
    ]
    assert len(rows[0].rows) == ROWS
    assert rows[0] == rows[1]
    last = read_entry(registry.log.lines()[0][-1])
    assert (last.kind, last.what["for"]) == ("data", "calibrating a form of spam v1")
    assert last.what["files"][0]["path"].endswith("train.jsonl")
    read = make_tokenizer().decode(rows[0].rows[0])
    assert read.startswith("<|im_start|>system\nSort.<|im_end|>\n<|im_start|>user\nhello ")
    assert read.endswith("<|im_start|>assistant\nspam<|im_end|>")
    goldens = write_rows(tmp_path / "cases.jsonl", [{"input": "a case", "expected": "spam"}])
    with pytest.raises(RegistryError, match=r"cases.jsonl is not the file that spam v1 was trained on: its sha256 is"):
        calibration(registry, version, model, goldens, Prompt("Sort.", "{{ text }}"), "lora")
