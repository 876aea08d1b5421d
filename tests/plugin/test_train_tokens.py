"""--train with a server that reads other tokens than the trainer: told before anything is trained."""

from __future__ import annotations

import shutil

import pytest

from tests.plugin.trained import PIPELINE, Trained
from tests.repository import ROOT

MODEL = ROOT / ".ftgate/models/SmolLM2-135M-Instruct"
FILES = ("config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja")


@pytest.fixture
def trained(project, mlflow_template, no_tracking_server):
    if not (MODEL / "tokenizer.json").is_file():
        pytest.skip("the base model is not there; make it with: make data")
    made = Trained(project, mlflow_template)
    for name in FILES:
        if (MODEL / name).is_file():
            shutil.copy(MODEL / name, made.folder / "model" / name)
    made.base(wrong=range(30))
    project.write("pipelines/mail/pipeline.toml", PIPELINE.format(seed=1))
    return made


def test_a_server_with_another_template_stops_the_run_before_training(trained):
    """The fake vllm's tokens are the bytes of the last message, as of a template that writes nothing else."""
    result = trained.run_alone()
    assert result.ret == 1, result.stdout.str()
    result.stdout.fnmatch_lines(["*FAILED pipelines/mail/pipeline.toml::fine-tune*"])
    told = result.stdout.str()
    assert "the server tokenises messages differently from training (1 of 1 rows differ)" in told
    assert r"<|im_start|>user\nsomething else for train<|im_end|>\n<|im_start|>assistant\n" in told
    assert "served as 'something else for train'" in told
    assert not list(trained.project.path.glob(".ftgate/runs/mail/*/train.log")), "no trainer was started"
