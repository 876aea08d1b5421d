"""Two promotions at the same time, in processes of their own: one winner, one clear refusal; on SQLite and PostgreSQL."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_ftgate.errors import RegistryError
from pytest_ftgate.registry import Registry, open_registry
from tests.postgres import cluster
from tests.unit.kills import in_a_child
from tests.unit.registry.conftest import on_mlflow
from tests.unit.registry.stores import audit_faults, close_connections, locks_of


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """The folder has a short path that other users may enter: a socket's path has at most 107 characters."""
    with tempfile.TemporaryDirectory(prefix="ftgate-pg-", dir="/tmp") as folder, cluster(Path(folder)) as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def shared(request, registry) -> Registry:
    """A registry that two processes are about to use."""
    if request.param == "sqlite":
        return registry
    store = open_registry(request.getfixturevalue("postgres"), registry.state_dir)
    return replace(store, digest_of=registry.digest_of)


@pytest.fixture
def enter(shared, adapter) -> Callable[[str], int]:
    """enter("weights") -> the number of a new version of "spam"."""

    def register(weights: str) -> int:
        folder = adapter(weights)
        run = shared.log_run("spam", {}, {}, {}, {}, {})
        return shared.add_version("spam", folder, shared.digest_of(folder), run, {"verdict": "PROMOTE"}).number

    return register


@on_mlflow
def test_two_promotions_at_once_end_with_one_winner_and_one_refusal(shared, enter, tmp_path):
    old = enter("a")
    shared.promote("spam", old, "first")
    numbers = [enter("b"), enter("c")]
    close_connections()
    begin = time.time() + 1.5
    children = []
    for number in numbers:
        fresh = replace(open_registry(shared.store.uri, shared.state_dir), digest_of=shared.digest_of, wait_s=60.0)

        def work(fresh: Registry = fresh, number: int = number) -> None:
            fresh.prepare()
            time.sleep(max(0.0, begin - time.time()))
            try:
                fresh.promote("spam", number, "better", over=old)
            except RegistryError as error:
                (tmp_path / f"refused-{number}").write_text(str(error))
                raise

        children.append(in_a_child(work))
    codes = [wait() >> 8 for wait in children]
    assert sorted(codes) == [0, 1]
    winner, loser = numbers if codes[0] == 0 else reversed(numbers)
    champion = shared.champion("spam")
    assert (champion.number, champion.previous) == (winner, old)
    said = (tmp_path / f"refused-{loser}").read_text()
    assert f"spam v{loser} was to replace v{old}, but the champion is now v{winner}; nothing changed" in said
    assert locks_of(shared) == []
    assert shared.fetch(champion).is_dir()
    assert audit_faults(shared) == []


@on_mlflow
def test_without_patience_the_one_that_comes_second_is_told_who_is_under_way(shared, enter):
    shared.promote("spam", enter("d"), "first")
    number = enter("e")
    with (
        shared.lock("spam"),
        pytest.raises(RegistryError, match="another promotion or rollback of spam is in progress"),
    ):
        replace(shared, wait_s=0.0).promote("spam", number, "better")
    assert shared.promote("spam", number, "better").number == number
