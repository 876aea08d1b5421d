"""Addresses and lists of models of every kind: attached, or one ServeError within the time limit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from bench.faults.starts import ADDRESSES, LISTS
from bench.faults.wire import FaultyServer, Reply, http
from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.servers.external import MODELS_S, OpenAIEngine

pytestmark = pytest.mark.timeout(6 * MODELS_S)


def starts(base_url: str) -> bool:
    """Whether an engine attaches; else it says so, of this address, in a text that can be written."""
    try:
        OpenAIEngine(base_url, "mock", api_key="sk-key").start(lambda _: None)
    except ServeError as error:
        return not str(error).encode().startswith(base_url.encode())
    return True


@pytest.mark.parametrize(("url", "works"), ADDRESSES.values(), ids=ADDRESSES)
def test_each_address_works_or_says_so(url, works):
    with FaultyServer() as server:
        assert starts(url.format(address=server.address)) is works


@pytest.fixture(scope="module")
def started() -> dict[str, bool]:
    """Whether an engine attaches to a server with each list; all at once, as some take until the time limit."""

    def starts_with(models: Reply) -> bool:
        with FaultyServer(models=models) as server:
            return starts(server.base_url)

    with ThreadPoolExecutor(len(LISTS)) as threads:
        return dict(zip(LISTS, threads.map(starts_with, [models for models, _ in LISTS.values()]), strict=True))


@pytest.mark.parametrize("name", LISTS)
def test_each_list_of_models_is_read_or_refused(started, name):
    assert started[name] is LISTS[name][1]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed_and_its_target_is_named(status):
    with FaultyServer() as other:
        away = http("", status, headers={"Location": f"{other.base_url}/models"})
        with (
            FaultyServer(models=away) as server,
            pytest.raises(ServeError, match=f"redirects to '{other.base_url}/models'\n    set --ftgate-base-url"),
        ):
            OpenAIEngine(server.base_url, "mock", api_key="sk-secret").start(lambda _: None)
    assert not other.asked
    assert server.asked[0].headers["authorization"] == "Bearer sk-secret"
