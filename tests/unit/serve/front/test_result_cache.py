"""The result cache on a real Redis: what is answered from it, and that nothing depends on it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.front.metrics import FrontMetrics
from pytest_ftgate.serve.front.result_cache import ResultCache, key_of
from tests.redis_here import running_redis
from tests.unit.serve.front.fronts import Telling, route, running

CHAT = "/v1/chat/completions"


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ({"temperature": 0}, True),
        ({"temperature": 0.0, "model": "a", "user": "u"}, True),
        ({"temperature": 0.7, "seed": 3}, True),
        ({"temperature": 0.7}, False),
        ({}, False),
        ({"temperature": False}, False),
        ({"temperature": 0, "stream": True}, False),
        ({"temperature": 0, "x": float("nan")}, False),
    ],
)
def test_only_what_is_always_answered_alike_has_a_key(fields, kept):
    assert bool(key_of("d", CHAT, fields)) is kept


def test_the_key_is_of_all_that_decides_the_answer_and_of_nothing_else():
    one = key_of("d", CHAT, {"temperature": 0, "messages": [1], "model": "spam", "user": "a"})
    assert one == key_of("d", CHAT, {"messages": [1], "temperature": 0, "model": "ftgate-x", "stream": False})
    others = [
        key_of("e", CHAT, {"temperature": 0, "messages": [1]}),
        key_of("d", "/v1/completions", {"temperature": 0, "messages": [1]}),
        key_of("d", CHAT, {"temperature": 0, "messages": [2]}),
        key_of("d", CHAT, {"temperature": 0, "messages": [1], "max_tokens": 3}),
    ]
    assert len({one, *others}) == 5


def test_the_same_question_is_answered_once_for_each_version(tmp_path):
    async def ask(url, server):
        with Telling() as engine:
            async with running(cache=url) as front, running(cache=url) as replica:
                front.state.switch(route(engine, 1))
                replica.state.switch(route(engine, 1))
                asked = [await front.chat(temperature=0), await replica.chat(temperature=0, model=f"ftgate-{1:020x}")]
                drawn = [await front.chat(temperature=0.5) for _ in range(2)]
                front.state.switch(route(engine, 2))
                asked.append(await front.chat(temperature=0))
                assert len(engine.requests) == 4
                server.kill()
                server.wait(10)
                asked += [await front.chat(temperature=0) for _ in range(3)]
                return asked, drawn, front.state.metrics.text().decode()

    with running_redis(tmp_path) as (url, server):
        asked, drawn, text = asyncio.run(ask(url, server))
    assert [status for status, _, _ in asked] == [200] * 6
    assert [headers["X-Ftgate-Cache"] for _, headers, _ in asked[:3]] == ["miss", "hit", "miss"]
    assert [said["model"] for _, _, said in asked[:3]] == ["spam", f"ftgate-{1:020x}", "spam"]
    assert asked[0][2]["choices"] == asked[1][2]["choices"]
    assert [json.dumps(said).count(f"{2:020x} ") for _, _, said in asked[2:]] == [7] * 4, "the new version answers"
    assert all("X-Ftgate-Cache" not in headers for _, headers, _ in drawn)
    assert "ftgate_cache_hits_total 0.0" in text
    assert "ftgate_cache_errors_total 1.0" in text, "a cache that is down is left alone for a while"


def test_an_address_that_is_none_shows_no_password():
    with pytest.raises(ServeError, match="is not a Redis URL") as error:
        ResultCache("http://:s3cret-pass@host", 60, FrontMetrics())
    assert "s3cret-pass" not in str(error.value)


@pytest.mark.parametrize("url", ["redis://127.0.0.1/0?nonsense=1", "redis://127.0.0.1/0?socket_timeout=soon"])
def test_an_option_that_redis_does_not_have_is_refused_at_the_start(url):
    with pytest.raises(ServeError, match=r"^--cache: "):
        ResultCache(url, 60, FrontMetrics())


def test_an_answer_of_another_process_names_the_model_as_the_client_did(tmp_path):
    """The engine of a whole model, or a GGUF, has a name of its own in each process."""

    async def ask(url):
        with Telling() as engine:
            async with running(cache=url) as front, running(cache=f"{url}?decode_responses=True") as replica:
                one = route(engine, 1)
                front.state.switch(one)
                replica.state.switch(replace(one, endpoint=replace(one.endpoint, model="ftgate-0ther")))
                return [await each.chat(temperature=0) for each in (front, replica)]

    with running_redis(tmp_path) as (url, _):
        found = asyncio.run(ask(url))
    assert [headers["X-Ftgate-Cache"] for _, headers, _ in found] == ["miss", "hit"]
    assert [said["model"] for _, _, said in found] == ["spam", "spam"]
