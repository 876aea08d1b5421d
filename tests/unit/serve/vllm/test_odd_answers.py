"""What a probe makes of a server that is none: one ProbeError or ServeError, never a traceback."""

from __future__ import annotations

import pytest

from bench.faults.bodies import DEEP
from bench.faults.wire import FaultyServer, http
from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.client.sync import Client
from pytest_ftgate.serve.engine import Endpoint
from pytest_ftgate.serve.vllm import probe
from pytest_ftgate.serve.vllm.attached import running_server

BODIES = [
    "{}",
    "[]",
    '"ok"',
    "",
    DEEP,
    '{"tokens": 5}',
    '{"tokens": ["x"]}',
    '{"tokens": [1e400]}',
    '{"choices": [{}]}',
    '{"choices": [{"token_ids": [1], "logprobs": null}]}',
    '{"choices": [{"token_ids": [1], "logprobs": {"token_logprobs": [null]}}]}',
    '{"choices": [{"token_ids": [1], "logprobs": {"token_logprobs": [-0.5]}}]}',
]


@pytest.mark.parametrize("body", BODIES)
def test_a_probe_that_is_answered_with_anything_else_is_an_error_of_ours(body):
    with FaultyServer({"": http(body)}) as server:
        line = Endpoint(server.base_url, "mock")
        for ask in (
            lambda: probe.tokens(line, []),
            lambda: probe.generate(line, [1, 2]),
            lambda: Client(line).text([]),
        ):
            with pytest.raises(ServeError):
                ask()


@pytest.mark.parametrize(
    "body", ['{"data": [{"id": "m"}, 7, {"id": "a", "parent": "m"}]}', "{}", '{"data": null}', DEEP]
)
def test_a_list_of_models_of_another_server_is_an_error_of_ours(body):
    with FaultyServer(models=http(body)) as server, pytest.raises(ServeError, match="is it a vLLM server"):
        running_server(server.base_url).base()


def test_a_redirect_is_not_followed_when_attaching():
    with FaultyServer() as other:
        away = http("", 302, headers={"Location": f"{other.base_url}/models"})
        with FaultyServer(models=away) as server, pytest.raises(ServeError, match="pass the address it leads to"):
            running_server(server.base_url).models()
    assert not other.asked
