"""awq and gptq, as far as they can be shown without llm-compressor: a Python that stands in for its environment."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.forms.calibration import Calibration
from pytest_ftgate.serve.forms.form import Form
from pytest_ftgate.serve.forms.write_form import Tools, write_form
from pytest_ftgate.serve.model import Model

ROWS = Calibration([[3, 4, 5], [6, 7]], seed=7)


@pytest.fixture
def python(tmp_path: Path):
    """`python(body)`: a program in the place of another environment's Python; its argument 3 is the job."""

    def make(body: str) -> Path:
        file = tmp_path / "python"
        file.write_text(f"#!/bin/sh\n{body}\n")
        file.chmod(0o755)
        return file

    return make


def quantised(model_dir: Path, dest: Path, python: Path | None, rows: Calibration | None = ROWS, kind: str = "awq"):
    return write_form(Model(str(model_dir), dtype="float32"), Form(kind), dest, lambda _: None, Tools(python, rows))


def test_the_job_holds_the_rows_and_the_folder_gets_the_models_own_text_files(model_dir, tmp_path, python, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/ours")
    kept = tmp_path / "kept.json"
    script = python(
        f'test -z "$PYTHONPATH" || exit 9\ncp "$3" {kept}\n'
        'dest=$(sed \'s/.*"dest": "\\([^"]*\\)".*/\\1/\' "$3")\n'
        'echo weights > "$dest/model.safetensors"; echo other > "$dest/tokenizer.json"; echo {} > "$dest/config.json"\n'
        'echo x > "$dest/recipe.yaml"; echo progress; echo 0.14.0'
    )
    written = quantised(model_dir, tmp_path / "out", script, kind="gptq")
    job = json.loads(kept.read_text())
    assert (job["rows"], job["seed"], job["method"], job["ignore"]) == ([[3, 4, 5], [6, 7]], 7, "gptq", ["lm_head"])
    assert job["group"] == 32, "128 and 64 do not divide rows of 96"
    assert (written.folder / "tokenizer.json").read_bytes() == (model_dir / "tokenizer.json").read_bytes()
    assert not (written.folder / "recipe.yaml").exists()
    assert written.checks[-1] == (
        "gptq: 4 bits in groups of 32, by llm-compressor 0.14.0, calibrated on 2 training rows"
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("echo \"ModuleNotFoundError: No module named 'llmcompressor'\" >&2; exit 1", "is not installed there"),
        ("echo out of memory >&2; exit 137", r"ended with 137\n    out of memory"),
        ("exit 0", "ended with 0"),
    ],
)
def test_what_went_wrong_there_is_quoted_and_nothing_is_left(body, said, model_dir, tmp_path, python):
    script = python(body)
    with pytest.raises(ServeError, match=rf"--quantize-python \S+: llm-compressor {said}"):
        quantised(model_dir, tmp_path / "out", script)
    assert [path.name for path in tmp_path.iterdir()] == ["python"]


def test_without_an_environment_or_rows_it_says_what_to_pass(model_dir, tmp_path, python):
    with pytest.raises(ServeError, match=r"pip install llmcompressor; then pass --quantize-python"):
        quantised(model_dir, tmp_path / "out", None)
    with pytest.raises(ServeError, match=r"awq needs rows to calibrate with\n.*--calibration FILE"):
        quantised(model_dir, tmp_path / "out", python("exit 0"), None)
    with pytest.raises(ServeError, match="cannot be started"):
        quantised(model_dir, tmp_path / "out", tmp_path / "nothing")
