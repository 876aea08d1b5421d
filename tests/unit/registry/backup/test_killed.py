"""Cut off at every call of the store, backup and restore leave nothing that is taken for whole; a second call ends it."""

from __future__ import annotations

import shutil
import signal
import time

import pytest

from pytest_ftgate.errors import IntegrityError, RegistryError
from pytest_ftgate.registry import promotion_lock
from pytest_ftgate.registry.backup import manifest as manifests
from pytest_ftgate.registry.backup.restore import restore
from pytest_ftgate.registry.backup.take import take
from tests.unit.kills import READING, Dying, Fuse, in_a_child
from tests.unit.registry.backup.shown import told
from tests.unit.registry.conftest import on_mlflow, on_plain
from tests.unit.registry.stores import audit_faults, close_connections


class Cut(BaseException):
    """Stands in for SIGKILL where the store is in this process's memory."""


class Breaking:
    """A client that answers k calls, and none after these."""

    def __init__(self, client, k, *, readings):
        self.client, self.left, self.readings = client, k, readings

    def __getattr__(self, name):
        method = getattr(self.client, name)

        def call(*args, **kwargs):
            self.left -= self.readings or not name.startswith(READING)
            if self.left < 0:
                raise Cut
            return method(*args, **kwargs)

        return call


def cut(registry, work, k, *, readings=False) -> bool:
    """Whether the work was cut off at the k-th call from 0 that writes."""
    with registry.store.asking("test") as client:
        registry.store._client = Breaking(client, k, readings=readings)
    try:
        work()
    except Cut:
        return True
    finally:
        registry.store._client = client
    return False


def quiet(_line: str) -> None:
    pass


@on_plain
def test_a_backup_that_was_cut_off_is_none_until_a_second_call_ends_it(filled, elsewhere, tmp_path):
    k, done = 0, False
    while not done:
        folder = tmp_path / f"backup{k}"
        done = not cut(filled, lambda folder=folder: take(filled, folder, [], quiet), k, readings=True)
        if not done:
            with pytest.raises(RegistryError, match=r"no complete backup|no such file"):
                manifests.read(folder)
            take(filled, folder, [], quiet)
        assert manifests.read(folder).tasks
        shutil.rmtree(folder)
        k += 5
    assert k > 20


@on_plain
def test_a_restore_that_was_cut_off_anywhere_is_no_registry_without_a_champion(
    filled, elsewhere, tmp_path, monkeypatch
):
    take(filled, tmp_path / "backup", [], quiet)
    k, done, champions = 0, False, []
    while not done:
        other = elsewhere(f"other{k}")
        done = not cut(other, lambda other=other: restore(other, tmp_path / "backup", quiet), k)
        try:
            champions.append(other.champion("spam").number)
        except IntegrityError:
            champions.append(0)
        monkeypatch.setattr(promotion_lock, "_now", lambda: time.time() + promotion_lock.LEASE_S + 10)
        restore(other, tmp_path / "backup", quiet)
        monkeypatch.undo()
        assert told(other) == told(filled), k
        assert other.champion("spam").number == 2, k
        assert audit_faults(other) == [], k
        assert sum(b'"kind":"restore"' in line for line in other.log.lines()[0]) == 1, k
        k += 1
    assert k > 80
    assert champions == sorted(champions), "it is there at one step"
    assert set(champions) == {0, 2}


@on_mlflow
def test_killed_on_mlflow_it_is_completed_too(filled, elsewhere, tmp_path, monkeypatch):
    take(filled, tmp_path / "backup", [], quiet)
    other = elsewhere()
    with other.store.asking("test") as client:
        pass
    for k in (40, 90, 1000):

        def work(k: int = k) -> None:
            other.store._client = Dying(client, Fuse(k))
            restore(other, tmp_path / "backup", quiet)

        close_connections()
        assert in_a_child(work)() == (signal.SIGKILL if k < 1000 else 0)
        monkeypatch.setattr(promotion_lock, "_now", lambda k=k: time.time() + k * promotion_lock.LEASE_S)
    assert told(other) == told(filled)
    assert other.champion("spam").number == 2
    assert audit_faults(other) == []


@on_plain
def test_an_audit_log_that_a_kill_has_cut_short_is_completed(filled, elsewhere, tmp_path):
    take(filled, tmp_path / "backup", [], quiet)
    other, whole = elsewhere(), filled.log.path.read_bytes()
    other.log.path.write_bytes(whole[: len(whole) // 2])
    restore(other, tmp_path / "backup", quiet)
    assert other.log.path.read_bytes().startswith(whole)
    assert audit_faults(other) == []
