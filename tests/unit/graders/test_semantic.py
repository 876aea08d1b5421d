"""semantic: a server, and a small real model on this machine."""

from __future__ import annotations

import sys

import pytest

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.grade import Failure, GraderError, case_fault, compile_grader
from pytest_ftgate.serve.embed import server as embed_server
from tests.embedding_server import LettersServer
from tests.unit.graders.one_grade import judge, value


@pytest.fixture
def server():
    with LettersServer() as running:
        yield running


@pytest.fixture
def options(server):
    return {"model": "letters", "base_url": server.base_url}


def test_values_of_a_server(server, options):
    assert value("semantic", "abc", "cab", **options) == pytest.approx(1)
    assert value("semantic", "ab", "a", **options) == pytest.approx(2**-0.5)
    assert value("semantic", ["xyz", "ab"], "a", **options) == pytest.approx(2**-0.5)
    assert value("semantic", "ab", "xy", **options) == 0
    grade = judge("semantic", "ab", "a", threshold=0.7, **options)
    assert grade.passed
    assert grade.reason == "cosine is 0.7071, required 0.7; found 'a', expected 'ab'"


def test_each_text_is_asked_for_once_and_the_expected_one_not_at_all(server, options):
    for answer in ("Paris", "Rome", "Rome", " Paris\n"):
        judge("semantic", "Paris", answer, **options)
    assert server.embedded == [["Rome", "Paris"]]


def test_a_server_that_fails_is_a_failure_and_not_wrong(server, options, monkeypatch):
    monkeypatch.setattr(embed_server, "WAITS_S", (0.01,))
    server.fault = (500, "no")
    found = [judge("semantic", "Paris", f"answer {number}", **options) for number in range(5)]
    assert all(isinstance(each, Failure) for each in found)
    assert "no embeddings from" in found[0].reason
    assert len(server.embedded) == 2


def test_a_key_goes_only_where_it_is_named(server, options, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-for-others")
    monkeypatch.setenv("EMBEDDING_KEY", "sk-for-embeddings")
    judge("semantic", "Paris", "Rome", **options)
    judge("semantic", "Paris", "Rome", api_key_env="EMBEDDING_KEY", **options)
    assert server.authorized_by == ["", "Bearer sk-for-embeddings"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({}, "needs the option 'model'"),
        ({"model": ""}, "model must not be empty"),
        ({"model": "x", "base_url": "ftp://x"}, "base_url is invalid; must be an http"),
        ({"model": "x", "base_url": "http://a:bcdefghij@x/v1"}, "URL without credentials"),
        (
            {"model": "x", "base_url": "http://x/v1", "api_key_env": "NOT_SET_AT_ALL"},
            "variable NOT_SET_AT_ALL is not set",
        ),
        ({"model": "x", "base_url": "http://x/v1", "timeout_s": 0}, "timeout_s"),
    ],
)
def test_mistakes_are_told_when_it_is_compiled(wrong, message):
    with pytest.raises(GraderError, match=message):
        compile_grader({"kind": "semantic", **wrong})


def test_a_case_without_a_text_is_a_fault(options):
    assert "must be a text" in case_fault([compile_grader({"kind": "semantic", **options})], Case("a", "q", 3))


def test_without_the_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(
        GraderError, match=r"sentence-transformers is not installed: pip install 'pytest-ftgate\[semantic\]'"
    ):
        compile_grader({"kind": "semantic", "model": "x"})


def test_a_model_of_this_machine(tmp_path):
    """A real one of sentence-transformers: each word of a small vocabulary has a direction of its own."""
    import numpy as np
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = ["[UNK]", "the", "train", "bus", "is", "late"]
    tokenizer = Tokenizer(models.WordLevel({word: place for place, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    module = StaticEmbedding(tokenizer, embedding_weights=np.eye(len(words), dtype="float32"))
    SentenceTransformer(modules=[module], device="cpu").save(str(tmp_path / "model"))
    found = judge("semantic", "the train is late", "the bus is late", model=str(tmp_path / "model"), threshold=0.7)
    assert found.value == pytest.approx(0.75)
    assert found.passed


def test_a_folder_without_a_model_is_a_failure(tmp_path):
    found = judge("semantic", "the train", "the bus", model=str(tmp_path))
    assert isinstance(found, Failure)
    assert "cannot load an embedding model from" in found.reason
