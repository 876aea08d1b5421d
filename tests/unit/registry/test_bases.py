"""A base model's folder goes into the registry once, whole or not at all, and comes out as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_ftgate.errors import RegistryError
from pytest_ftgate.registry import bases
from pytest_ftgate.serve.model import folder_digest
from tests.unit.kills import Dying, Fuse, in_a_child
from tests.unit.registry.conftest import on_mlflow
from tests.unit.registry.stores import close_connections


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"weights" * 100)
    (folder / "README.md").write_text("no part of the model")
    return folder


def runs_of(registry):
    with registry.store.asking("test") as client:
        return bases._runs(client, None)


def test_it_is_kept_once_and_comes_back_as_it_was(registry, model, tmp_path):
    digest = folder_digest(model)
    assert not bases.has(registry.store, digest)
    assert [bases.keep(registry.store, model, digest) for _ in range(2)] == [True, False]
    assert len(runs_of(registry)) == 1
    assert bases.digests(registry.store) == [digest]
    dest = tmp_path / "state/bases/x"
    assert bases.fetch(registry.store, digest, dest) == dest
    assert sorted(each.name for each in dest.iterdir()) == ["config.json", "model.safetensors"]
    (dest / "config.json").write_text("edited")
    assert folder_digest(bases.fetch(registry.store, digest, dest)) == digest
    assert registry.tasks() == [], "it is no task"


def test_what_is_damaged_in_the_registry_is_not_used(registry, model, tmp_path):
    digest = folder_digest(model)
    bases.keep(registry.store, model, digest)
    [run] = runs_of(registry)
    Path(run.info.artifact_uri.removeprefix("file://"), bases.FOLDER, "model.safetensors").write_bytes(b"others")
    with pytest.raises(RegistryError, match="damaged: not used"):
        bases.fetch(registry.store, digest, tmp_path / "dest")
    assert not (tmp_path / "dest").exists()


def test_another_folder_than_the_digest_says_is_not_uploaded(registry, model):
    with pytest.raises(RegistryError, match="not uploaded"):
        bases.keep(registry.store, model, "0" * 64)
    assert runs_of(registry) == []


@on_mlflow
def test_an_upload_killed_at_any_step_is_not_taken_for_whole_and_is_gone_on_with(registry, model, tmp_path):
    with registry.store.asking("test") as client:
        pass

    def upload(fuse: Fuse) -> int:
        def work() -> None:
            registry.store._client = Dying(client, fuse)
            bases.keep(registry.store, model, digest)

        close_connections()
        return in_a_child(work)()

    for k in range(1, 20):
        (model / "config.json").write_text(f'{{"k": {k}}}')
        digest = folder_digest(model)
        if upload(Fuse(k)) == 0:
            break
        assert upload(Fuse(0)) == 0, k
        assert folder_digest(bases.fetch(registry.store, digest, tmp_path / f"dest{k}")) == digest
    else:
        pytest.fail("it never ends")
    assert k > 6
    assert len(bases.digests(registry.store)) == k
