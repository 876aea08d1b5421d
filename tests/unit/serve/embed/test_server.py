"""A real local server that embeds, fails, lies, or is not there."""

from __future__ import annotations

import json

import pytest

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.client.sync import Client
from pytest_ftgate.serve.embed.server import WAITS_S, EmbeddingServer
from pytest_ftgate.serve.engine import Endpoint
from tests.embedding_server import LettersServer, letters


@pytest.fixture
def server():
    with LettersServer() as running:
        yield running


def asking(server, sleeps=None, key=""):
    sleep = (sleeps if sleeps is not None else []).append
    return EmbeddingServer(Client(Endpoint(server.base_url, "letters", key), 20), sleep)


def test_vectors_come_in_the_order_of_the_texts(server):
    assert asking(server, key="a-key-of-ours")(["abc", "xyz"]) == [letters("abc"), letters("xyz")]
    assert server.authorized_by == ["Bearer a-key-of-ours"]


def test_a_fault_that_passes_is_tried_again(server):
    server.fault = (503, "busy")

    def recover(_seconds):
        server.fault = None

    embed = EmbeddingServer(Client(Endpoint(server.base_url, "letters"), 20), recover)
    assert embed(["abc"]) == [letters("abc")]
    assert len(server.embedded) == 2


def test_a_server_that_does_not_answer_is_asked_no_more(server):
    server.fault, sleeps = (401, '{"error": {"message": "wrong key"}}'), []
    embed = asking(server, sleeps)
    for _ in range(3):
        with pytest.raises(ServeError, match=r"no embeddings from http://.*HTTP 401.*wrong key"):
            embed(["abc"])
    assert len(server.embedded) == len(WAITS_S) + 1
    assert sleeps == [*WAITS_S]


@pytest.mark.parametrize(
    "data",
    [
        None,
        3,
        [1],
        [{}],
        [{"index": 0}],
        [{"index": 0, "embedding": 3}],
        [{"index": 0, "embedding": ["x"]}],
        [{"index": "x", "embedding": [1]}],
    ],
)
def test_what_is_no_embedding_is_an_error(server, data):
    server.fault = (200, json.dumps({"data": data}))
    with pytest.raises(ServeError, match="not a list of embeddings"):
        asking(server)(["abc"])


def test_two_embeddings_of_one_place_are_refused(server):
    row = {"index": 0, "embedding": [1, 0]}
    server.fault = (200, json.dumps({"data": [row, row]}))
    with pytest.raises(ServeError, match=r"have the places \[0, 0\]; expected each from 0 to 1 once"):
        asking(server)(["a", "b"])
