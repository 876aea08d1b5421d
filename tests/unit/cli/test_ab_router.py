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

from pytest_ftgate.cli.ab_router import Served, Split, configuration, server_url
from pytest_ftgate.cli.main import main
from pytest_ftgate.errors import FtgateError
from tests.mock_openai import Fault, MockServer
from tests.nginx_here import ask, exposures_in, free_port, need_nginx, running_nginx

SPLIT = Split(
    "sms_spam",
    Served("v3", "ftgate-champion", "http://127.0.0.1:1"),
    Served("v4", "ftgate-candidate", "http://127.0.0.1:2"),
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
        split = replace(
            SPLIT,
            champion=replace(SPLIT.champion, url=server_url(champion.base_url)),
            candidate=replace(SPLIT.candidate, url=server_url(candidate.base_url)),
            listen=f"127.0.0.1:{port}",
            log=str(folder / "exposures.jsonl"),
        )
        written = folder / "ftgate.conf"
        written.write_text(configuration(split))
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
    options = ["--share", "0.1", "--window-hours", "0", "--candidate", SPLIT.digest]
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
    text = configuration(replace(SPLIT, share=0.075), "litellm")
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
        configuration(replace(SPLIT, **change))


@pytest.mark.parametrize("text", ["https://model:443", "model:80", "http://model", "http://model:80/v2"])
def test_an_address_that_a_router_cannot_be_told(text):
    with pytest.raises(FtgateError, match="expected http://HOST:PORT"):
        server_url(text)
