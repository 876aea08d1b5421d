"""A key, model or path that is denied is explained once, and nothing more is asked; one denial among answers is not."""

from __future__ import annotations

import pytest

from pytest_ftgate.serve.client.denial import models_hint
from pytest_ftgate.serve.client.pool import Pool
from pytest_ftgate.serve.engine import Endpoint
from tests.mock_openai import Fault, MockServer
from tests.unit.serve.client.pooled import QUICK, requests


@pytest.fixture(autouse=True)
def no_keys(monkeypatch):
    monkeypatch.delenv("FTGATE_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def denied(server: MockServer, url: str = "", model: str = "mock", n: int = 80, key: str = ""):
    """(responses, lines that were printed)"""
    said: list[str] = []
    with Pool(64, QUICK, say=said.append) as pool:
        pending = pool.submit(Endpoint(url or server.base_url, model, key), "d", requests(n))
        return [answer.result(60) for answer in pending.values()], said


@pytest.mark.parametrize(
    ("status", "what"), [(401, "the server refused the API key"), (403, "the server refused access")]
)
def test_a_key_that_is_refused_ends_the_phase_with_one_line(status, what, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong-key")
    with MockServer(lambda _: Fault(status=status, text="Incorrect API key provided: sk-wrong-key")) as server:
        responses, said = denied(server, key="sk-wrong-key")
    assert len(server.requests) == 16, "those that were under way"
    assert {response.error for response in responses if not response.attempts} == {f"not asked: {what} (HTTP {status})"}
    assert len({response.error for response in responses if response.attempts}) == 1, (
        "none was answered before it was clear"
    )
    assert all(response.broken for response in responses)
    (line,) = said
    assert f"{what} (HTTP {status}); nothing more is asked of 'mock'" in line
    assert "a key was sent, from OPENAI_API_KEY; set FTGATE_API_KEY or OPENAI_API_KEY" in line
    assert "Incorrect API key provided" in line
    assert "sk-wrong-key" not in line + "".join(response.error for response in responses)
    assert f"not asked: {line.removeprefix('ftgate: ')}" in [response.error for response in responses]


def test_a_single_case_is_explained_before_its_answer_is_read():
    with MockServer(api_key="right") as server:
        (response,), said = denied(server, n=1)
    assert "no key was sent; set FTGATE_API_KEY or OPENAI_API_KEY" in response.error
    assert said == [f"ftgate: {response.error.removeprefix('not asked: ')}"]


def test_a_model_that_the_server_has_not_names_those_it_has():
    gone = Fault(status=404, text="no such model")
    with MockServer(lambda _: gone, models=("other", "qwen3-8b")) as server:
        responses, (line,) = denied(server, model="qwen3-8")
    assert "it serves qwen3-8b, other" in line
    assert responses[-1].error == "not asked: the server has no such model or path (HTTP 404)"


def test_a_path_that_is_wrong_names_the_right_one():
    with MockServer() as server:
        _, (line,) = denied(server, url=server.base_url.removesuffix("/v1"))
        assert f"did you mean {server.base_url}? models are listed there; set --ftgate-base-url" in line


def test_a_prompt_that_a_firewall_forbids_ends_nothing():
    """It is the first, and answered before the model has answered any."""

    def answer(messages):
        if messages[0]["content"] == "0":
            return Fault(status=403, text="forbidden")
        return Fault(text="fine", delay_s=0.3)

    with MockServer(answer) as server:
        responses, said = denied(server)
    assert [response.text for response in responses].count("fine") == 79
    assert responses[0].error.startswith("HTTP 403")
    assert said == []


def test_a_key_that_is_withdrawn_in_the_middle_ends_the_phase():
    left = iter(range(40))
    withdrawn = Fault(status=401, text="revoked")
    with MockServer(lambda _: "fine" if next(left, None) is not None else withdrawn) as server:
        responses, said = denied(server, n=400)
    assert [response.text for response in responses].count("fine") == 40
    assert len(server.requests) < 200
    assert len(said) == 1


def test_two_models_of_one_server_are_denied_apart():
    gone = Fault(status=404, text="no such model")
    said: list[str] = []

    class Two(MockServer):
        def said(self, body):
            return "fine" if body["model"] == "here" else gone

    with Two(models=("here",)) as server, Pool(8, QUICK, say=said.append) as pool:
        missing = pool.submit(Endpoint(server.base_url, "gone"), "d1", requests(40))
        here = pool.submit(Endpoint(server.base_url, "here"), "d2", requests(40))
        assert {answer.result(60).text for answer in here.values()} == {"fine"}
        assert all(answer.result(60).broken for answer in missing.values())
    assert len(said) == 1
    assert "'gone'" in said[0]


def test_who_asks_a_denied_model_again_is_told_at_once():
    with MockServer(api_key="right") as server, Pool(8, QUICK) as pool:
        for _ in range(2):
            pending = pool.submit(Endpoint(server.base_url, "mock"), "d", requests(20))
            last = [answer.result(60) for answer in pending.values()][-1]
            assert last.error == "not asked: the server refused the API key (HTTP 401)"
        assert pool.counts["denied"] == 8


def test_models_are_listed_by_name_after_those_whose_name_is_near():
    names = ["zeta", "qwen3-8b", "beta", "alpha", "qwen3-8b"]
    assert models_hint("qwen3-8", names) == "it serves qwen3-8b, alpha, beta, zeta"
    assert models_hint("", names) == "it serves alpha, beta, qwen3-8b, zeta"
    assert models_hint("m", [f"x{number:02}" for number in range(11)]).endswith("x09, ...")
