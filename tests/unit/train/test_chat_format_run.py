"""A base model without a chat template, trained with one of ours: the server asks in the very tokens."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest

from pytest_ftgate.errors import ServeError, TrainError
from pytest_ftgate.serve.chat_format import ChatFormat, named_template
from pytest_ftgate.serve.hf.engine import TransformersEngine
from pytest_ftgate.serve.hf.tokenizer import end_tokens, load_tokenizer
from pytest_ftgate.serve.model import Model, tuned
from pytest_ftgate.train.events import EventLog
from pytest_ftgate.train.manifest import read_manifest
from pytest_ftgate.train.models import load_tokenizer as tokenizer_of_job
from pytest_ftgate.train.run import run
from pytest_ftgate.train.token_check import check_tokens

CHAT = ChatFormat(
    "{{ strftime_now('%d %b %Y') }}{% if thinking %}Think!{% endif %}" + named_template("chatml"),
    '{"thinking": true}',
    "2026-02-09",
)


@pytest.fixture
def bare(model_dir, tmp_path):
    """The tiny model as a base model comes: no chat template, and an end token that only generation_config names."""
    folder = shutil.copytree(model_dir, tmp_path / "bare")
    (folder / "chat_template.jinja").unlink()
    config = json.loads((folder / "generation_config.json").read_text())
    (folder / "generation_config.json").write_text(json.dumps(config | {"eos_token_id": [2, 1]}))
    return folder


def test_trainer_and_server_agree_and_the_adapter_keeps_the_template(make_job, bare, tmp_path):
    job = replace(make_job(epochs=1, rows=8), base=str(bare), chat=CHAT)
    out = tmp_path / "out"
    out.mkdir()
    run(job, out, EventLog(out / "events.jsonl"))
    manifest = read_manifest(out / "manifest.json")
    [first, *_] = json.loads((out / "tokens.json").read_text())
    assert first["text"].startswith("09 Feb 2026Think!<|im_start|>system\n")
    kept = (manifest.adapter / "chat_template.jinja").read_text()
    assert kept == CHAT.applied(None)
    engine = TransformersEngine(Model(str(bare), dtype="float32", chat=CHAT), tmp_path / "logs/server.log")
    try:
        engine.start(lambda _: None)
        assert check_tokens(engine.endpoint(tuned(engine.model, manifest.adapter)), out / "tokens.json") == 8
    finally:
        engine.stop()
    other = TransformersEngine(Model(str(bare), dtype="float32", chat=ChatFormat("x", "{}", "")), tmp_path / "x.log")
    assert other.model.digest != engine.model.digest


def test_a_base_model_without_a_template_is_refused_with_the_name_of_ours(make_job, bare):
    job = replace(make_job(), base=str(bare))
    with pytest.raises(TrainError, match=r'has no chat template\n    set \[base\] chat_template = "chatml"'):
        tokenizer_of_job(job)
    assert tokenizer_of_job(replace(job, chat=CHAT)).chat_template == CHAT.applied("")


def test_tokens_that_end_a_turn_come_from_generation_config_too(bare, model_dir):
    assert end_tokens(load_tokenizer(str(bare), None)) == {1, 2}
    assert end_tokens(load_tokenizer(str(model_dir), None)) == {2}


def test_a_whole_model_is_served_with_the_template_in_its_folder(tmp_path):
    base = Model(str(tmp_path / "base"), dtype="float32", chat=CHAT)
    (tmp_path / "whole").mkdir()
    assert tuned(base, tmp_path / "whole").chat == ChatFormat()


def test_a_variable_that_the_template_does_not_have_stops_the_server_before_it_starts(model_dir, tmp_path):
    chat = ChatFormat(variables='{"thinking": true}')
    engine = TransformersEngine(Model(str(model_dir), dtype="float32", chat=chat), tmp_path / "server.log")
    with pytest.raises(ServeError, match=r"no variable 'thinking'\n    remove it from \[base\] chat_template_kwargs"):
        engine.start(lambda _: None)
    assert engine.pid is None
