"""A key or password that this process knows is in no text that it shows or keeps."""

from __future__ import annotations

import base64
import json
import time
from pprint import pformat
from urllib.parse import quote

import pytest

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.files.secrets import (
    Secret,
    mask,
    mask_secrets,
    plain_address,
    remember,
    secret_address,
    secret_in,
)

KEY = "sk-CANARY/+0123456789=abc"


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("FTGATE_API_KEY", KEY)


@pytest.mark.parametrize(
    "said", [KEY, f"Bearer {KEY}!", json.dumps([KEY]), KEY.replace("/", "\\/"), quote(KEY, safe="")]
)
def test_a_key_is_masked_in_every_form(said):
    assert "***" in mask(said)
    assert "0123456789" not in mask(said)


def test_the_key_of_a_variable_of_ones_own(monkeypatch):
    monkeypatch.setenv("MY_OWN_KEY", "canary-of-my-own")
    assert mask("canary-of-my-own") == "canary-of-my-own"
    assert secret_in("MY_OWN_KEY") == "canary-of-my-own"
    assert mask("it is canary-of-my-own!") == "it is ***!"


def test_what_is_too_short_to_be_a_key_is_cut_out_of_no_answer(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "EMPTY")
    assert secret_in("OPENAI_API_KEY") == "EMPTY"
    assert mask("EMPTY") == "EMPTY"


def test_the_longest_secret_first():
    remember("canary-long")
    remember("canary-long-and-longer")
    assert mask("canary-long-and-longer") == "***"


@pytest.mark.parametrize("wrong", ["\n", "\r\n", "\t", "\x1b", "\x9b", "\u2028", "\u20ac", " "])
def test_a_key_that_cannot_be_sent_is_named_and_not_shown(monkeypatch, wrong):
    monkeypatch.setenv("FTGATE_API_KEY", f"sk-canary-12345678{wrong}")
    with pytest.raises(FtgateError, match="FTGATE_API_KEY") as caught:
        secret_in("FTGATE_API_KEY")
    assert "canary" not in str(caught.value)
    assert f"character 19 of {18 + len(wrong)}" in str(caught.value)


def test_no_repr_holds_a_secret():
    held = {"Authorization": Secret(f"Bearer {KEY}"), "list": [remember(KEY)]}
    assert KEY not in repr(held) + pformat(held) + f"{held}"
    assert f"{held['Authorization']}" == f"Bearer {KEY}"


def test_the_password_of_an_address():
    address = secret_address("http://ada:canary%40word@proxy:3128")
    basic = base64.b64encode(b"ada:canary@word").decode()
    assert address == "http://ada:canary%40word@proxy:3128"
    assert "canary" not in repr(address)
    assert mask(f"{address} canary@word Basic {basic}") == "http://***@proxy:3128 *** Basic ***"
    assert type(secret_address("http://proxy:3128")) is str


def test_an_address_in_an_answer_is_the_models_own():
    assert mask_secrets("see http://me:pw@host") == "see http://me:pw@host"
    assert mask("see http://me:pw@host") == "see http://***@host"


@pytest.mark.parametrize("url", ["https://ada:canary@host/v1", "https://canary@host/v1", "https://host/v1?key=canary"])
def test_a_base_url_with_credentials_is_refused_and_not_shown(url):
    with pytest.raises(FtgateError, match="--base-url") as caught:
        plain_address(url, "--base-url", "FTGATE_API_KEY")
    assert "canary" not in str(caught.value)
    assert plain_address("https://host/v1/", "--base-url", "FTGATE_API_KEY") == "https://host/v1"


@pytest.mark.parametrize("version", ["2024-10-21", "2025-01-01-preview", "preview", "v1", "latest"])
def test_a_base_url_may_have_the_version_of_an_api_where_its_place_in_addresses_is_known(version):
    url = f"https://host/openai/deployments/x?api-version={version}"
    assert plain_address(url, "--base-url", "FTGATE_API_KEY", query=True) == url
    with pytest.raises(FtgateError, match="--server"):
        plain_address(url, "--server", "FTGATE_API_KEY")


@pytest.mark.parametrize(
    "query",
    [
        "?api-key=canary",
        "?api-version=2024-10-21&code=canary",
        "?api-version=canary-0123456789abcdef",
        "?canary",
        "#canary",
    ],
)
def test_any_other_query_may_be_a_key_and_is_not_shown(query):
    with pytest.raises(FtgateError, match="api-version=2024-10-21") as caught:
        plain_address(f"https://host/v1{query}", "--base-url", "FTGATE_API_KEY", query=True)
    assert "canary" not in str(caught.value)


def test_a_text_made_to_be_slow_is_not():
    begun = time.monotonic()
    mask("://a:" * 200_000 + "@")
    mask("://" + "a" * 1_000_000 + "@")
    assert time.monotonic() - begun < 60
