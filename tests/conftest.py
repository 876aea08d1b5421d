"""An empty store, real or plain, that tests copy. And a garbage collector that walks no modules."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="module", autouse=True)
def modules_out_of_sight() -> Iterator[None]:
    """torch, MLflow and their like are a million objects that live to the end: a full collection takes half a second.

    What a file of tests leaves is frozen, so that the next files' collections do not walk it; its garbage is collected
    before that.
    """
    yield
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    """Beside Triton, what is frozen when Python ends is called a leak, on fifty lines (see pytest_ftgate.plugin.gc_freeze)."""
    gc.unfreeze()


@pytest.fixture(scope="session")
def mlflow_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty MLflow store, made once (1 to 15 s), also if several workers of xdist copy it."""
    from pytest_ftgate.registry.mlflow_quiet import quiet
    from pytest_ftgate.registry.store import create_database

    here = tmp_path_factory.getbasetemp()
    file = (here.parent if "PYTEST_XDIST_WORKER" in os.environ else here) / "mlflow-template/mlflow.db"
    with quiet():
        create_database(file)  # whoever comes second waits
    return file


@pytest.fixture
def plain_template(tmp_path: Path) -> Iterator[Path]:
    """As mlflow_template, of a store that is no MLflow: copies of it are kept in memory (see tests.plain_registry)."""
    from tests.plain_registry import plain_stores

    file = tmp_path / "plain.db"
    file.touch()
    with plain_stores():
        yield file


@pytest.fixture
def no_tracking_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment names no MLflow server, so the store is the SQLite file in the state folder."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
