"""The written configuration in a real nginx, in front of two servers; and LiteLLM's file as YAML."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import yaml
from scipy.stats import binom

from pytest_ftgate.cli.main import main
from pytest_ftgate.cli.router_files import configuration, server_url
from pytest_ftgate.cli.router_route import Route, Served
from pytest_ftgate.errors import FtgateError
from tests.fake_vllm_server import FakeVllm
from tests.mock_openai import Fault, MockServer
from tests.nginx_here import ask, exposures_in, free_port, need_nginx, running_nginx

ROUTE = Route(
    "sms_spam",
    Served("v3", "ftgate-champion", ("http://127.0.0.1:1",)),
    Served("v4", "ftgate-candidate", ("http://127.0.0.1:2",)),
    0.1,
    "ab12cd34ab12cd34",
)
HELLO = {"messages": [{"role": "user", "content": "hello"}], "model": "sms_spam"}


@pytest.fixture(scope="module")
def routed(tmp_path_factory):
    """nginx in front of two mock servers: its address, the servers, and the log of exposures."""
    need_nginx()
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    broken = Fault(status=500, text="it broke")
    answers = [lambda m, arm=arm: broken if m[-1]["content"] == "break" else f"{arm} says hello" for arm in "AB"]
    with MockServer(answers[0]) as champion, MockServer(answers[1], token_delay_s=0.01) as candidate:
        route = replace(
            ROUTE,
            champion=replace(ROUTE.champion, urls=(server_url(champion.base_url),)),
            candidate=replace(ROUTE.candidate, urls=(server_url(candidate.base_url),)),
            listen=f"127.0.0.1:{port}",
            log=str(folder / "exposures.jsonl"),
        )
        written = folder / "ftgate.conf"
        written.write_text(configuration(route))
        with running_nginx(folder, written, port) as url:
            yield url, champion, candidate, folder / "exposures.jsonl"


def user_of(url, arm):
    """A user whom the split sends to the arm."""
    return next(f"c{i}" for i in range(1000) if ask(url, f"c{i}", HELLO)[1]["X-Ftgate-Arm"] == arm)


def test_users_are_split_as_stated_stick_to_their_arm_and_are_analysed(routed, capsys, tmp_path):
    url, _, _, log = routed
    log.write_text("")
    users = [f"u{i}" for i in range(700)] * 2
    arms = Counter()
    for user in users:
        status, headers, body = ask(url, user, HELLO)
        assert status == 200
        arm, text = headers["X-Ftgate-Arm"], json.loads(body)["choices"][0]["message"]["content"]
        assert text == {"champion": "A says hello", "candidate": "B says hello"}[arm]
        arms[user, arm] += 1
    assert set(arms.values()) == {2}, "every user met one model, twice"
    share = sum(arm == "candidate" for _, arm in arms)
    low, high = binom.ppf([0.0005, 0.9995], 700, 0.1)
    assert low <= share <= high

    rows = exposures_in(log, 1400)
    assert len(rows) == 1400
    assert {(row["user"], row["arm"]) for row in rows} == set(arms)
    assert rows[0].keys() == {"user", "arm", "at", "candidate", "status", "seconds"}

    rng, outcomes = np.random.default_rng(0), tmp_path / "outcomes.jsonl"
    good = {user: int(rng.random() < (0.95 if arm == "candidate" else 0.4)) for user, arm in arms}
    outcomes.write_text("".join(json.dumps({"user": user, "outcome": value}) + "\n" for user, value in good.items()))
    options = ["--share", "0.1", "--window-hours", "0", "--candidate", ROUTE.digest]
    assert main(["ab", "analyse", str(log), "--outcomes", str(outcomes), *options]) == 0
    assert f"{share} of 700 users were routed to the candidate" in capsys.readouterr().out


def test_each_arm_is_asked_for_its_own_model_and_the_rest_of_the_body_is_untouched(routed):
    url, champion, candidate, _ = routed
    tricky = {
        "messages": [{"role": "user", "content": 'say "model": "mine", {"model": "yours"} – ünïcode \n'}],
        "model": "anything",
        "temperature": 0.5,
    }
    for arm, server in (("candidate", candidate), ("champion", champion)):
        user, name = user_of(url, arm), f"ftgate-{arm}"
        ask(url, user, tricky)
        assert server.requests[-1] == tricky | {"model": name}
        ask(url, user, {"model": "first"} | tricky)
        assert server.requests[-1]["model"] == name
        ask(url, user, json.dumps(tricky, ensure_ascii=False, indent=2).encode())
        assert server.requests[-1] == tricky | {"model": name}


@pytest.mark.parametrize(
    ("sent", "rest"),
    [
        ('{"messages": MESSAGES}', {}),
        ('{"messages": MESSAGES, "model": null}', {}),
        ('{"metadata": {"model": "q"}, "model": "sms_spam", "messages": MESSAGES}', {"metadata": {"model": "q"}}),
        ('{"model": "sms_spam", "model": "BASE", "messages": MESSAGES}', {}),
        ('{"mod\\u0065l": "BASE", "messages": MESSAGES} \n', {}),
        (' {"messages": MESSAGES, "metadata": {"model": "q"}}', {"metadata": {"model": "q"}}),
    ],
)
def test_no_body_makes_the_base_model_answer(routed, sent, rest):
    url, champion, _, _ = routed
    body = sent.replace("MESSAGES", json.dumps(HELLO["messages"])).encode()
    assert ask(url, user_of(url, "champion"), body)[0] == 200
    assert champion.requests[-1] == HELLO | rest | {"model": "ftgate-champion"}


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"{}",
        b'[{"model": "BASE"}]',
        b'{"model": "BASE"',
        b'{"model": "BASE"} {}',
        b'{"model": "BASE", "user": "}',
        b'{"model": "BASE", "metadata": {}',
        b'{"model": "BASE", "metadata": {}}}',
        '{"model": "BASE"}'.encode("utf-16-le"),
        b'\xef\xbb\xbf{"model": "BASE"}',
    ],
)
def test_a_body_that_cannot_be_rewritten_reaches_no_model(routed, sent):
    url, *arms, _ = routed
    before = [len(arm.requests) for arm in arms]
    assert ask(url, "u1", sent)[0] == 400
    assert [len(arm.requests) for arm in arms] == before


def test_a_long_body_passes_whole_and_one_that_is_too_long_is_refused(routed):
    url, champion, _, _ = routed
    long = {"messages": [{"role": "user", "content": "word " * 200_000}], "model": "x"}
    user = user_of(url, "champion")
    assert ask(url, user, long)[0] == 200
    assert champion.requests[-1] == long | {"model": "ftgate-champion"}
    assert ask(url, user, {"messages": [{"role": "user", "content": "word " * 2_000_000}], "model": "x"})[0] == 413


def test_a_stream_passes(routed):
    url = routed[0]
    status, headers, body = ask(url, user_of(url, "candidate"), HELLO | {"stream": True})
    assert (status, headers["Content-Type"]) == (200, "text/event-stream")
    lines = [line for line in body.decode().splitlines() if line]
    said = [json.loads(line[6:])["choices"][0]["delta"].get("content", "") for line in lines[:-1]]
    assert ("".join(said), lines[-1]) == ("B says hello", "data: [DONE]")


def test_clients_see_one_model(routed):
    url = routed[0]
    with urllib.request.urlopen(f"{url}/v1/models") as reply:
        assert [model["id"] for model in json.load(reply)["data"]] == ["sms_spam"]


def test_adapters_cannot_be_loaded_through_the_router(routed):
    url, champion, candidate, _ = routed
    body = json.dumps({"lora_name": "evil", "lora_path": "/tmp"}).encode()
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(urllib.request.Request(f"{url}/v1/load_lora_adapter", body))
    assert not champion.adapters
    assert not candidate.adapters


def test_a_candidate_that_breaks_was_met_and_a_bad_request_was_not(routed):
    url, _, _, log = routed
    log.write_text("")
    assert ask(url, "u1", HELLO | {"messages": [{"role": "user", "content": "break"}]})[0] == 500
    assert ask(url, "u2", b"x" * 9_000_000)[0] == 413
    assert ask(url, "u3", HELLO)[0] == 200
    assert [(row["user"], row["status"]) for row in exposures_in(log, 2)] == [("u1", 500), ("u3", 200)]


def test_without_the_header_the_address_is_the_user_and_an_odd_name_is_logged_whole(routed):
    url, _, _, log = routed
    log.write_text("")
    ask(url, "", HELLO)
    ask(url, 'a"b\\c', HELLO)
    assert [row["user"] for row in exposures_in(log, 2)] == ["127.0.0.1", 'a"b\\c']


def test_litellm_gets_weights_pins_and_an_honest_warning():
    text = configuration(replace(ROUTE, share=0.075), "litellm")
    made = yaml.safe_load(text)
    found = [(d["model_name"], d["litellm_params"]["model"], d["litellm_params"]["weight"]) for d in made["model_list"]]
    assert found == [
        ("sms_spam", "hosted_vllm/ftgate-candidate", 750),
        ("sms_spam", "hosted_vllm/ftgate-champion", 9250),
    ]
    assert made["router_settings"]["optional_pre_call_checks"] == ["deployment_affinity"]
    assert "Prefer --kind nginx" in text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"share": 0.12345}, "a multiple of 0.0001"),
        ({"header": "X User"}, "is not a valid header name"),
        ({"listen": "80; include /etc/passwd"}, "listen '80; include /etc/passwd' contains characters"),
        ({"log": "/tmp/a b"}, "log '/tmp/a b' contains characters"),
    ],
)
def test_what_cannot_stand_in_the_file_is_refused(change, said):
    with pytest.raises(FtgateError, match=said):
        configuration(replace(ROUTE, **change))


@pytest.mark.parametrize("text", ["https://model:443", "model:80", "http://model", "http://model:80/v2"])
def test_an_address_that_a_router_cannot_be_told(text):
    with pytest.raises(FtgateError, match="expected http://HOST:PORT"):
        server_url(text)


# --- several servers, and no candidate --------------------------------------------------------------------------------


def test_the_champion_alone_on_several_servers_whatever_becomes_of_them(tmp_path):
    """One server is down, one was started again and lacks the adapter: clients see no error."""
    need_nginx()
    port, name = free_port(), "ftgate-champion"
    servers = [FakeVllm("base", 0, 8, {}, "", "") for _ in range(4)]
    for server in servers:
        server.__enter__()
        server.adapters[name] = "/somewhere"
    try:
        route = Route(
            "sms_spam",
            Served("v3", name, tuple(server_url(server.base_url) for server in servers)),
            listen=f"127.0.0.1:{port}",
        )
        written = tmp_path / "ftgate.conf"
        written.write_text(configuration(route))
        with running_nginx(tmp_path, written, port) as url:
            assert [ask(url, "", HELLO)[0] for _ in range(12)] == [200] * 12
            assert all(server.requests for server in servers), "all have their share"
            servers[0].__exit__()
            servers[1].adapters.clear()
            replies = [ask(url, "", HELLO) for _ in range(30)]
            assert [status for status, _, _ in replies] == [200] * 30
            assert {json.loads(body)["model"] for _, _, body in replies} == {name}
            for server in servers[2:]:
                server.adapters.clear()
            assert ask(url, "", HELLO)[0] in {404, 502}, "no server has it: told, not answered by the base model"
        assert {request["model"] for server in servers for request in server.requests} == {name}
    finally:
        for server in servers[1:]:
            server.__exit__()


def test_litellm_shares_an_arms_weight_among_its_servers():
    champion = replace(ROUTE.champion, urls=tuple(f"http://10.0.0.{n}:8000" for n in (1, 2, 3)))
    made = yaml.safe_load(configuration(replace(ROUTE, champion=champion), "litellm"))
    weights = Counter()
    for deployment in made["model_list"]:
        weights[deployment["litellm_params"]["model"]] += deployment["litellm_params"]["weight"]
    assert weights["hosted_vllm/ftgate-champion"] == 9 * weights["hosted_vllm/ftgate-candidate"]
    assert len({deployment["model_info"]["id"] for deployment in made["model_list"]}) == 4

    alone = yaml.safe_load(configuration(Route("sms_spam", champion), "litellm"))
    assert {(d["model_name"], d["litellm_params"]["weight"]) for d in alone["model_list"]} == {("sms_spam", 1)}
    assert alone["router_settings"]["num_retries"] == 2
    assert "optional_pre_call_checks" not in alone["router_settings"]


@pytest.mark.parametrize("kind", ["nginx", "litellm"])
def test_without_a_server_there_is_nothing_to_route_to(kind):
    with pytest.raises(FtgateError, match="--server http://HOST:PORT"):
        configuration(Route("sms_spam", Served("v3", "ftgate-champion")), kind)
