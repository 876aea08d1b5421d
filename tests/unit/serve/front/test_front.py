"""The front before a real HTTP server: swaps under load, streams, keys, paths, and an engine that breaks."""

from __future__ import annotations

import asyncio
import gzip
import json

import aiohttp
import pytest
from aiohttp import web

from pytest_ftgate.files.digest import digest_of
from pytest_ftgate.serve.front.route import Route
from tests.mock_openai import Fault, MockServer
from tests.unit.serve.front.fronts import NAME, Telling, route, running

RATE, SECONDS, SWAPS = 200, 3, 10


async def one_of_the_load(front, stream):
    """(status, version of the header, the distinct words of the answer, the model it names)."""
    body = {"model": NAME, "messages": [{"role": "user", "content": "Hi"}], "stream": stream}
    async with front.session.post(f"{front.url}/v1/chat/completions", json=body) as reply:
        text = await reply.text()
        if stream:
            assert text.endswith("data: [DONE]\n\n")
            events = [json.loads(line[6:]) for line in text.split("\n\n") if line.startswith("data: {")]
            said = "".join(event["choices"][0]["delta"].get("content", "") for event in events)
        else:
            said = json.loads(text)["choices"][0]["message"]["content"]
        return reply.status, reply.headers["X-Ftgate-Version"], said.split()


def test_ten_swaps_under_load_drop_and_mix_nothing():
    """200 requests a second, every fourth a stream that is on its way when the version changes."""

    async def load():
        with Telling(token_delay_s=0.02, delay_s=0.02) as one, Telling(token_delay_s=0.02, delay_s=0.02) as other:
            async with running() as front:
                front.state.switch(route(one, 0))
                tasks, retired = [], []
                for i in range(RATE * SECONDS):
                    tasks.append(asyncio.create_task(one_of_the_load(front, stream=i % 4 == 0)))
                    if i % (RATE * SECONDS // SWAPS) == 30:
                        old = front.state.switch(route((one, other)[len(retired) % 2], len(retired) + 1))
                        retired.append(asyncio.create_task(old.drained()))
                    await asyncio.sleep(1 / RATE)
                answers = await asyncio.gather(*tasks)
                await asyncio.wait_for(asyncio.gather(*retired), 30)
                return answers

    answers = asyncio.run(load())
    assert len(answers) == RATE * SECONDS
    assert {status for status, _, _ in answers} == {200}
    for _, version, words in answers:
        assert words == [f"ftgate-{int(version[1:]):020x}"] * 8
    assert {version for _, version, _ in answers} == {f"v{n}" for n in range(SWAPS + 1)}


def test_an_answer_names_the_model_as_the_client_did():
    async def ask():
        with Telling() as engine:
            async with running() as front:
                front.state.switch(route(engine, 7))
                names = [NAME, f"ftgate-{7:020x}", None]
                return [(await front.chat(model=name))[2]["model"] for name in names], engine.requests

    names, requests = asyncio.run(ask())
    assert names == [NAME, f"ftgate-{7:020x}", NAME]
    assert {body["model"] for body in requests} == {f"ftgate-{7:020x}"}


def test_a_route_is_drained_when_its_last_stream_ends():
    async def ask():
        with Telling(token_delay_s=0.4) as engine:
            async with running() as front:
                old = route(engine, 1)
                front.state.switch(old)
                going = asyncio.create_task(one_of_the_load(front, stream=True))
                while not engine.in_flight:
                    await asyncio.sleep(0.01)
                front.state.switch(route(engine, 2))
                assert old.in_flight == 1
                drained = asyncio.create_task(old.drained())
                assert (await front.chat())[1]["X-Ftgate-Version"] == "v2"
                assert not drained.done()
                assert (await going)[1] == "v1"
                await asyncio.wait_for(drained, 10)

    asyncio.run(ask())


def test_pieces_of_a_stream_come_as_they_are_made():
    async def ask():
        with Telling(token_delay_s=1) as engine:
            async with running() as front:
                front.state.switch(route(engine, 1))
                body = {"messages": [{"role": "user", "content": "Hi"}], "stream": True}
                async with front.session.post(f"{front.url}/v1/chat/completions", json=body) as reply:
                    first = await reply.content.readuntil(b"\n\n")
                    assert engine.in_flight == 1, "the answer was not over yet"
                    assert reply.headers["Content-Type"] == "text/event-stream"
                    return first

    assert b"content" in asyncio.run(ask())


def test_a_client_who_leaves_is_computed_for_no_longer():
    async def ask():
        with MockServer(lambda _: "word " * 10_000, token_delay_s=0.01) as engine:
            async with running() as front:
                current = route(engine, 1)
                front.state.switch(current)
                body = {"messages": [{"role": "user", "content": "Hi"}], "stream": True}
                reply = await front.session.post(f"{front.url}/v1/chat/completions", json=body)
                await reply.content.readuntil(b"\n\n")
                reply.close()
                async with asyncio.timeout(30):
                    await current.drained()
                    while engine.in_flight:
                        await asyncio.sleep(0.02)
                return front.state.metrics.text().decode()

    assert 'ftgate_requests_total{code="499",version="v1"} 1.0' in asyncio.run(ask())


def test_an_engine_that_breaks_off_breaks_the_stream_not_ends_it():
    async def ask():
        with MockServer(lambda _: Fault(text="one two three", break_off=True)) as engine:
            async with running() as front:
                front.state.switch(route(engine, 1))
                with pytest.raises(aiohttp.ClientPayloadError):
                    await one_of_the_load(front, stream=True)
                engine.answer = lambda _: Fault(drop=True)
                status, _, said = await front.chat()
                assert (status, said["error"]["type"]) == (502, "BadGatewayError")

    asyncio.run(ask())


def test_a_connection_that_the_engine_has_closed_meanwhile_costs_no_request():
    async def ask():
        dropped = iter([True, False])
        with MockServer(lambda _: Fault(drop=True) if next(dropped) else "here") as engine:
            async with running() as front:
                front.state.switch(route(engine, 1))
                return await front.chat()

    status, _, said = asyncio.run(ask())
    assert (status, said["choices"][0]["message"]["content"]) == (200, "here")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": "Bearer ké"}, 401),
        ({"Authorization": "Bearer first-key"}, 200),
        ({"Authorization": "Bearer second-key"}, 200),
        ({"x-api-key": "first-key"}, 200),
    ],
)
def test_the_front_checks_the_client_s_key_and_sends_the_engine_s(headers, status):
    async def ask():
        with MockServer(api_key="engine-key") as engine:
            async with running(["first-key", "second-key"]) as front:
                front.state.switch(route(engine, 1))
                body = {"messages": [{"role": "user", "content": "Hi"}]}
                url = f"{front.url}/v1/chat/completions"
                async with front.session.post(url, json=body, headers=headers) as reply:
                    assert reply.status == status
                for path in ("/health", "/ready", "/metrics"):
                    assert (await front.session.get(front.url + path)).status == 200
                assert (await front.session.get(f"{front.url}/v1/models", headers=headers)).status == status
                return engine.authorized_by

    assert asyncio.run(ask()) == (["Bearer engine-key"] if status == 200 else [])


@pytest.mark.parametrize(
    "path",
    [
        "/v1/load_lora_adapter",
        "/v1/unload%5Flora_adapter",
        "/v1/x/../load_lora_adapter",
        "/v1/%2e%2e/sleep",
        "/sleep",
        "/collective_rpc",
        "/",
    ],
)
def test_what_changes_the_engine_cannot_be_asked_for(path):
    async def ask():
        asked = []

        class Watching(Telling):
            def more_routes(self, app):
                app.router.add_route("*", "/{any:.*}", self.seen)

            async def seen(self, request):
                asked.append(request.path)
                return web.Response()

        with Watching() as engine:
            async with running() as front:
                front.state.switch(route(engine, 1))
                reader, writer = await asyncio.open_connection("127.0.0.1", int(front.url.rpartition(":")[2]))
                body = b'{"lora_name": "x", "lora_path": "/x"}'
                writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
                status = await reader.readline()
                writer.close()
                return status, asked, engine.adapters

    status, asked, adapters = asyncio.run(ask())
    assert b" 404 " in status
    assert (asked, adapters) == ([], {})


def test_models_lists_the_stable_name_alone():
    async def ask():
        with Telling(models=("base", "ftgate-x")) as engine:
            async with running() as front:
                front.state.switch(route(engine, 1))
                said = []
                for path in ("", f"/{NAME}", "/base"):
                    async with front.session.get(f"{front.url}/v1/models{path}") as reply:
                        said.append((reply.status, await reply.json()))
                before = said[0][1]["data"][0]["root"]
                front.state.switch(route(engine, 2))
                async with front.session.get(f"{front.url}/v1/models") as reply:
                    after = (await reply.json())["data"][0]["root"]
                return said, before, after

    (listed, one, other), before, after = asyncio.run(ask())
    assert [card["id"] for card in listed[1]["data"]] == [NAME]
    assert (one[0], one[1]["id"], other[0]) == (200, NAME, 404)
    assert before != after, "clients see that another model answers"


def test_an_unknown_model_and_an_unreadable_body_are_the_client_s_mistakes():
    async def ask():
        with Telling() as engine:
            async with running() as front:
                front.state.switch(route(engine, 1))
                unknown = await front.chat(model="gpt-5")
                async with front.session.post(f"{front.url}/v1/chat/completions", data=b"{") as reply:
                    return unknown, reply.status, await reply.json(), engine.requests

    unknown, status, said, requests = asyncio.run(ask())
    assert (unknown[0], unknown[2]["error"]["message"]) == (404, "The model `gpt-5` does not exist.")
    assert (status, said["error"]["code"], requests) == (400, 400, [])


def test_health_and_ready_tell_the_truth():
    async def ask():
        async def states(front):
            found = []
            for path in ("/health", "/ready"):
                async with front.session.get(front.url + path) as reply:
                    found.append((reply.status, await reply.json()))
            return found[0][0], found[1][0], found[1][1].get("reason"), (await front.chat())[0]

        with Telling() as engine:
            async with running() as front:
                assert await states(front) == (200, 503, "the champion is being loaded", 503)
                front.state.switch(route(engine, 1))
                assert await states(front) == (200, 200, None, 200)
                front.state.engine_error = "it died"
                assert await states(front) == (503, 503, "the engine is down: it died", 503)
                front.state.engine_error = ""
                front.state.leaving = True
                assert await states(front) == (200, 503, "the server is shutting down", 200)
                front.state.refusing = True
                assert await states(front) == (200, 503, "the server is shutting down", 503)
                refused = await front.chat()
                assert refused[1]["Retry-After"] == "1"

    asyncio.run(ask())


def test_metrics_are_the_engine_s_and_ours():
    class Measuring(Telling):
        def more_routes(self, app):
            app.router.add_get("/metrics", self.measured)

        async def measured(self, _):
            return web.Response(text="vllm:num_requests_running 1.0")

    async def ask():
        with Measuring() as engine:
            async with running() as front:
                front.state.switch(route(engine, 3))
                await front.chat()
                await front.chat(model="other")
                async with front.session.get(f"{front.url}/metrics") as reply:
                    return await reply.text()

    text = asyncio.run(ask())
    assert text.startswith("vllm:num_requests_running 1.0\n")
    assert 'ftgate_requests_total{code="200",version="v3"} 1.0' in text
    assert 'ftgate_requests_total{code="404",version="v3"} 1.0' in text
    assert f'ftgate_champion_info{{digest="{digest_of(3)}",task="{NAME}",version="v3"}} 1.0' in text


def test_a_compressed_body_is_passed_on_as_it_was_meant(caplog):
    async def ask():
        seen = []

        class Watching(Telling):
            async def _chat(self, request):
                seen.append(request.headers.get("Content-Encoding"))
                return await super()._chat(request)

        with Watching() as engine:
            async with running() as front:
                front.state.switch(route(engine, 1))
                body = json.dumps({"messages": [{"role": "user", "content": "Hi"}]}).encode()
                found = []
                for sent in (gzip.compress(body), b"not gzip"):
                    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
                    url = f"{front.url}/v1/chat/completions"
                    async with front.session.post(url, data=sent, headers=headers) as reply:
                        found.append((reply.status, await reply.json()))
                return found, seen

    (meant, garbage), seen = asyncio.run(ask())
    assert (meant[0], garbage[0], seen) == (200, 400, [None])
    assert garbage[1]["error"]["message"].startswith("the body cannot be read: ")
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_a_key_of_any_bytes_is_a_wrong_key():
    async def ask():
        async with running(["the-key"]) as front:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(front.url.rpartition(":")[2]))
            writer.write(b"GET /v1/models HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff\xfe\r\n\r\n")
            status = await reader.readline()
            writer.close()
            return status

    assert b" 401 " in asyncio.run(ask())


def test_a_fault_of_ours_is_counted_as_one():
    async def ask():
        async with running() as front:
            front.state.switch(Route("v1", digest_of(1), None))
            async with front.session.post(f"{front.url}/v1/chat/completions", json={}) as reply:
                return reply.status, front.state.metrics.text().decode()

    status, metrics = asyncio.run(ask())
    assert status == 500
    assert 'ftgate_requests_total{code="500",version="v1"} 1.0' in metrics
