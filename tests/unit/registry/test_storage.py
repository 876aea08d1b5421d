"""The registry's contract where it stands in production: MLflow behind passwords, PostgreSQL with an S3 store."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_ftgate.errors import RegistryError
from pytest_ftgate.registry import Registry, open_registry
from pytest_ftgate.registry.backup.restore import restore
from pytest_ftgate.registry.backup.take import take
from tests.mlflow_server import READER, TRAINER, MlflowServer, server_with_users
from tests.postgres import cluster
from tests.s3_server import BUCKET, S3, s3_server
from tests.unit.registry.conftest import digest_of
from tests.unit.registry.stores import audit_faults


@pytest.fixture(scope="module")
def server(mlflow_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    folder = tmp_path_factory.mktemp("mlflow")
    shutil.copy(mlflow_template, folder / "mlflow.db")
    with server_with_users(folder, folder / "mlflow.db") as running:
        yield running


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    with s3_server() as running:
        yield running


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="ftgate-pg-", dir="/tmp") as folder, cluster(Path(folder)) as address:
        yield address


@pytest.fixture
def as_user(server, tmp_path, monkeypatch) -> Callable[..., Registry]:
    """as_user((name, password)) -> the registry of the server, as that user."""
    monkeypatch.delenv("MLFLOW_TRACKING_TOKEN", raising=False)

    def enter(user: tuple[str, str]) -> Registry:
        monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", user[0])
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", user[1])
        return replace(open_registry(server.url, tmp_path / "state"), digest_of=digest_of, wait_s=0.0)

    return enter


@pytest.fixture
def on_s3(s3, postgres, tmp_path, monkeypatch) -> Registry:
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    return replace(open_registry(postgres, tmp_path / "state"), digest_of=digest_of, wait_s=0.0)


def two_champions(registry: Registry, adapter: Callable[[str], Path], task: str, results: Path) -> None:
    """v1, v2 champion, back to v1: registered, promoted, fetched, rolled back."""
    results.write_text('{"cases": {"a": {"value": 1.0}}}', encoding="utf-8")
    for weights in ("one", "two"):
        folder = adapter(weights)
        run = registry.log_run(task, {"r": 8}, {"f1": 0.9}, {"loss": [(1, 2.0)]}, {"results": results}, {})
        version = registry.add_version(task, folder, digest_of(folder), run, {"verdict": "PROMOTE"})
        registry.promote(task, version.number, "better")
    champion = registry.champion(task)
    assert (champion.number, champion.previous) == (2, 1)
    assert (registry.fetch(champion) / "adapter_model.safetensors").read_text() == "two"
    assert registry.results(champion, results.stem) == {"cases": {"a": {"value": 1.0}}}
    assert registry.rollback(task, "drift").number == 1
    assert audit_faults(registry) == []
    assert registry.lock_holder(task) == ""


def test_behind_a_password_all_of_it_works(as_user, adapter, tmp_path):
    two_champions(as_user(TRAINER), adapter, "spam", tmp_path / "sms.json")


def test_a_wrong_password_is_one_readable_message(as_user):
    with pytest.raises(RegistryError) as caught:
        as_user((TRAINER[0], "not-the-password")).champion("spam")
    first, second, third = str(caught.value).splitlines()
    assert "cannot read the champion of spam: " in first
    assert "registry: http://127.0.0.1:" in second
    assert third.strip() == "check MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
    assert "not-the-password" not in str(caught.value)


def test_who_may_only_read_is_told_so_and_moves_nothing(as_user, adapter):
    trainer, folder = as_user(TRAINER), adapter("x")
    run = trainer.log_run("ham", {}, {}, {}, {}, {})
    trainer.add_version("ham", folder, digest_of(folder), run, {"verdict": "PROMOTE"})
    reader = as_user(READER)
    with pytest.raises(RegistryError, match=r"Permission denied(.|\n)*ask the server's administrator .* as reader"):
        reader.promote("ham", 1, "by hand")
    assert reader.champion("ham") is None
    assert reader.lock_holder("ham") == ""


def test_on_postgresql_and_s3_all_of_it_works(on_s3, s3, adapter, tmp_path):
    two_champions(on_s3, adapter, "spam", tmp_path / "sms.json")
    version = on_s3.version("spam", 1)
    assert version.source.startswith(f"s3://{BUCKET}/ftgate/")
    key = f"{version.source.removeprefix(f's3://{BUCKET}/')}/adapter_model.safetensors"
    s3.client.put_object(Bucket=BUCKET, Key=key, Body=b"damaged")
    with pytest.raises(RegistryError, match="changed since it was tested, not used"):
        on_s3.fetch(version, tmp_path / "fetched")
    s3.client.delete_object(Bucket=BUCKET, Key=key)
    with pytest.raises(RegistryError, match=r"not used|cannot fetch"):
        on_s3.fetch(version, tmp_path / "fetched")
    assert not (tmp_path / "fetched").exists()


def test_an_s3_store_that_cannot_be_reached_is_one_message(on_s3, adapter, tmp_path, monkeypatch):
    run = on_s3.log_run("eggs", {}, {}, {}, {}, {})
    folder = adapter("x")
    monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(RegistryError, match=r"cannot register the adapter of eggs: .*127\.0\.0\.1:9") as caught:
        on_s3.add_version("eggs", folder, digest_of(folder), run, {})
    assert "CANARY" not in str(caught.value)


def test_a_backup_of_sqlite_is_restored_into_postgresql_and_s3(
    on_s3, adapter, mlflow_template, no_tracking_server, tmp_path
):
    state = tmp_path / "old"
    state.mkdir()
    shutil.copy(mlflow_template, state / "mlflow.db")
    old = replace(open_registry(None, state), digest_of=digest_of, wait_s=0.0)
    two_champions(old, adapter, "bread", tmp_path / "sms.json")
    take(old, tmp_path / "backup", [], lambda _: None)
    new = replace(open_registry(on_s3.store.uri, tmp_path / "new"), digest_of=digest_of, wait_s=0.0)
    restore(new, tmp_path / "backup", lambda _: None)
    assert [(each.number, each.digest) for each in new.versions("bread")] == [
        (each.number, each.digest) for each in old.versions("bread")
    ]
    assert new.champion("bread").number == 1
    assert new.champion("bread").source.startswith(f"s3://{BUCKET}/")
    assert new.fetch(new.champion("bread")).is_dir()
    assert new.results(new.version("bread", 2), "sms") == {"cases": {"a": {"value": 1.0}}}
    assert audit_faults(new) == []
