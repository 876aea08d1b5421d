"""An empty MLflow store, made once (5 to 15 s); tests copy it."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def mlflow_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from pytest_ftgate.registry.quiet import quiet
    from pytest_ftgate.registry.store import create_database

    file = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    with quiet():
        create_database(file)
    return file


@pytest.fixture
def no_tracking_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment names no MLflow server, so the store is the SQLite file in the state folder."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
