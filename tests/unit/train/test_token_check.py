"""The server's token ids against the trainer's."""

from __future__ import annotations

import json
import shutil

import pytest
from transformers import AutoTokenizer

from pytest_ftgate.errors import ServeError
from pytest_ftgate.golden.case import Prompt
from pytest_ftgate.serve.engine import Endpoint
from pytest_ftgate.serve.hf.engine import TransformersEngine
from pytest_ftgate.serve.model import Model
from pytest_ftgate.train.data import example_of
from pytest_ftgate.train.roles import TurnCheck
from pytest_ftgate.train.rows import write_tokens
from pytest_ftgate.train.token_check import check_tokens
from tests.mock_openai import MockServer
from tests.unit.train.tool_template import ASKED, TEMPLATE, a_row


@pytest.fixture
def rows(tmp_path):
    file = tmp_path / "tokens.json"
    talks = [[{"role": "user", "content": text}] for text in ("one two", "three")]
    file.write_text(json.dumps([{"messages": talk, "tokens": [1, 2, len(talk[0]["content"])]} for talk in talks]))
    return file


def test_equal_tokens_are_counted(rows, monkeypatch):
    monkeypatch.setattr(
        "pytest_ftgate.train.token_check.post",
        lambda url, body, key: (200, {"tokens": [1, 2, len(body["messages"][0]["content"])]}),
    )
    assert check_tokens(Endpoint("http://127.0.0.1:1/v1", "m"), rows) == 2


def test_a_doubled_first_token_is_shown_with_its_place(rows, monkeypatch):
    said = {"tokens": [1, 1, 2, 7], "prompt": "?"}
    monkeypatch.setattr("pytest_ftgate.train.token_check.post", lambda url, body, key: (200, said))
    with pytest.raises(ServeError) as error:
        check_tokens(Endpoint("http://127.0.0.1:1/v1", "m"), rows)
    assert "2 of 2 rows differ" in str(error.value)
    assert "at token 1: trained on [1, 2, 7] (of 3), served as [1, 1, 2, 7] (of 4)" in str(error.value)


def test_both_texts_are_shown(rows, monkeypatch):
    rows.write_text(json.dumps([{"messages": [], "tokens": [1, 2], "text": "<s>hi"}]))
    said = {"/tokenize": {"tokens": [1, 1, 2]}, "/detokenize": {"prompt": "<s><s>hi"}}
    monkeypatch.setattr(
        "pytest_ftgate.train.token_check.post", lambda url, body, key: (200, said["/" + url.split("/")[-1]])
    )
    with pytest.raises(ServeError, match="1 of 1 rows differ") as error:
        check_tokens(Endpoint("http://127.0.0.1:1/v1", "m"), rows)
    assert "trained on '<s>hi'\n      served as '<s><s>hi'" in str(error.value)


def test_a_server_that_cannot_tokenize_is_named(rows):
    with MockServer() as server, pytest.raises(ServeError, match=r"/tokenize: cannot compare .* HTTP 404"):
        check_tokens(Endpoint(server.base_url, "mock"), rows)


@pytest.fixture(scope="module")
def tool_server(model_dir, tmp_path_factory):
    """(tokenizer, endpoint) of the real server, with a chat template that takes tools."""
    folder = tmp_path_factory.mktemp("tools")
    shutil.copytree(model_dir, folder / "model")
    tokenizer = AutoTokenizer.from_pretrained(folder / "model")
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder / "model")
    model = Model(str(folder / "model"), dtype="float32")
    engine = TransformersEngine(model, folder / "server.log")
    engine.start(lambda _: None)
    yield tokenizer, engine.endpoint(model)
    engine.stop()


def test_tools_calls_thoughts_and_texts_are_compared_with_a_real_server(tool_server, tmp_path):
    tokenizer, endpoint = tool_server
    thought = (*ASKED[:1], ASKED[1] | {"reasoning_content": "Hm."}, *ASKED[2:])
    rows = [a_row(), a_row(asked=thought), a_row(shape="text", asked=(), answer="Owls fly.", tools=())]
    check = TurnCheck(tokenizer)
    write_tokens(tmp_path / "tokens.json", tokenizer, [example_of(Prompt(), tokenizer, check, row) for row in rows])
    assert check_tokens(endpoint, tmp_path / "tokens.json") == 3
    told = json.loads((tmp_path / "tokens.json").read_text())
    (tmp_path / "bad.json").write_text(json.dumps([told[0] | {"tools": [{"name": "weather"}]}]))
    with pytest.raises(ServeError, match=r"/tokenize: cannot compare .* HTTP 400: .*'tools' must be a list"):
        check_tokens(endpoint, tmp_path / "bad.json")
    del told[0]["tools"]
    (tmp_path / "tokens.json").write_text(json.dumps(told))
    with pytest.raises(ServeError, match="1 of 3 rows differ"):
        check_tokens(endpoint, tmp_path / "tokens.json")
