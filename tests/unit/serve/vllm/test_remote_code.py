"""Code that a model brings: among its files, and in its digest, or vLLM is not started with --trust-remote-code."""

from __future__ import annotations

import json

import pytest

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.model import Model, folder_digest
from pytest_ftgate.serve.vllm.command import VllmSettings
from pytest_ftgate.serve.vllm.engine import VllmEngine
from pytest_ftgate.serve.vllm.remote_code import check_code


def test_a_models_own_code_must_be_among_its_files_and_counts_in_its_digest(tmp_path):
    config = {"auto_map": {"AutoModel": "modeling_own.Own", "AutoTokenizer": [None, "tokenization_own.Own"]}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "modeling_own.py").write_text("x = 1")
    with pytest.raises(ServeError, match=r"names code that is not there: tokenization_own\.py\n.*or serve without"):
        check_code(Model(str(tmp_path)))
    (tmp_path / "tokenization_own.py").write_text("x = 1")
    check_code(Model(str(tmp_path)))
    before = folder_digest(tmp_path)
    (tmp_path / "modeling_own.py").write_text("x = 2")
    assert folder_digest(tmp_path) != before


def test_code_of_another_repository_is_refused_where_it_would_run(make, model_dir, tmp_path):
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"auto_map": {"AutoTokenizer": "org/a--tok.Own"}}))
    for file in model_dir.iterdir():
        if file.name != "tokenizer_config.json":
            (tmp_path / file.name).symlink_to(file)
    model = Model(str(tmp_path), dtype="float32")
    executable = make().settings.executable
    for arguments in ((), ("--trust-remote-code",)):
        engine = VllmEngine(model, tmp_path / "log", VllmSettings(executable, arguments))
        if not arguments:
            assert engine.command()
            continue
        with pytest.raises(ServeError, match=r"another repository: org/a--tok\.Own\n.*copy its tok\.py"):
            engine.command()
