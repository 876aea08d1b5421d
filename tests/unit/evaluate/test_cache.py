"""Both caches through one set of tests; Redis is a real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_ftgate.evaluate.cache import Cache, CacheError, LocalCache, open_cache
from pytest_ftgate.serve.response import Response
from tests.redis_here import PASSWORD, running_redis


def answer(text: str) -> Response:
    return Response("a", "m", text, total_s=0.25, completion_tokens=3)


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_redis(tmp_path_factory.mktemp("redis")) as (url, _):
        yield url


@pytest.fixture(params=["local", "redis"])
def make(request: pytest.FixtureRequest, tmp_path: Path):
    url = request.getfixturevalue("redis_url") if request.param == "redis" else ""
    return lambda scope="scope": open_cache(url, tmp_path / "cache", "here/cache", f"{tmp_path} {scope}")


def test_what_was_put_is_got_also_by_another_process_later(make):
    answers = {f"k{i}": answer(f"text {i} \ud7ff\n") for i in range(1200)}
    make().put(answers)
    assert make().get([*answers, "other"]) == answers


def test_nothing_was_put(make):
    assert make().get(["k"]) == {}
    make().put({})
    assert make().get([]) == {}


def test_another_scope_knows_nothing_of_it(make):
    make("engine a").put({"k": answer("x")})
    assert make("engine b").get(["k"]) == {}
    assert make("engine a").get(["k"])


def test_a_spoiled_answer_is_a_miss(redis_url, tmp_path):
    import redis

    cache = open_cache(redis_url, tmp_path, "", "spoiled")
    cache.put({"k": answer("x"), "l": answer("y")})
    client = redis.Redis.from_url(redis_url)
    [name] = [
        key for key in client.scan_iter("ftgate:1:*:k") if cache.get(["k"]) and key.decode().startswith(cache._prefix)
    ]
    assert 0 < client.ttl(name) <= 30 * 24 * 3600
    client.set(name, "no json")
    assert cache.get(["k", "l"]) == {"l": answer("y")}


def test_the_password_is_never_shown(redis_url):
    cache = open_cache(redis_url, Path(), "", "s")
    assert PASSWORD not in cache.place
    wrong = open_cache(redis_url.replace(PASSWORD, "wrong-pass"), Path(), "", "s")
    with pytest.raises(CacheError) as caught:
        wrong.get(["k"])
    assert "wrong-pass" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "said"), [("redis://127.0.0.1:9/0", "no response from the cache"), ("http://x", "not a Redis URL")]
)
def test_a_cache_that_is_not_there(url, said):
    with pytest.raises(CacheError, match=said):
        open_cache(url, Path(), "", "s").get(["k"])


def test_a_broken_local_cache_is_named(tmp_path):
    cache: Cache = LocalCache(tmp_path / "cache", "state/cache", "p:")
    cache.put({"k": answer("x")})
    (tmp_path / "cache" / "cache.db").write_bytes(b"this is no database" * 100)
    for extra in ("cache.db-wal", "cache.db-shm"):
        (tmp_path / "cache" / extra).unlink(missing_ok=True)
    with pytest.raises(CacheError, match="state/cache"):
        cache.get(["k"])
