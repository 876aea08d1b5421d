"""(uri or None, state folder) -> where MLflow's store is; answers without importing MLflow."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from pytest_ftgate.errors import RegistryError
from pytest_ftgate.files.names import HELP, RESERVED_END, name_problem

DATABASE = "mlflow.db"
ARTIFACTS = "mlartifacts"

_FILE = re.compile(r"sqlite(\+\w+)?:///(?P<path>[^?]+)")


def tracking_uri(uri: str | None, state_dir: Path) -> str:
    """The store's address: `uri`, else the environment's MLFLOW_TRACKING_URI, else a SQLite file in `state_dir`."""
    return uri or os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{state_dir.resolve() / DATABASE}"


def sqlite_file(uri: str) -> Path | None:
    """The file of a `sqlite:///` address; None for any other address."""
    match = _FILE.fullmatch(uri)
    return Path(match["path"]) if match else None


def exists(uri: str | None, state_dir: Path) -> bool:
    """Whether there can be a registry: a SQLite file must be there, any other address is taken to answer."""
    file = sqlite_file(tracking_uri(uri, state_dir))
    return file is None or file.is_file()


def artifact_root(uri: str, state_dir: Path) -> str | None:
    """Where artifacts go, a path or an address such as s3://bucket/folder; None where a server decides.

    Of a database that is no file it is MLFLOW_DEFAULT_ARTIFACT_ROOT, as for `mlflow server`, else a folder of this
    machine; MLflow's own default is `./mlruns`.
    """
    if file := sqlite_file(uri):
        return str(file.resolve().parent / ARTIFACTS)
    is_database = urlsplit(uri).scheme.split("+")[0] in {"postgresql", "mysql", "mssql"}
    shared = os.environ.get("MLFLOW_DEFAULT_ARTIFACT_ROOT")
    return (shared or str(state_dir.resolve() / ARTIFACTS)) if is_database else None


def check_task(task: str) -> str:
    """`task` if MLflow can carry it as a model's name; RegistryError otherwise."""
    if problem := name_problem(task):
        raise RegistryError(f"{task!r} is not a valid task name: it {problem}; {HELP}")
    return task


def check_experiment(name: str) -> str:
    """`name` if runs can be kept under it: that of a task, or of a task's canary. RegistryError otherwise."""
    check_task(name.removesuffix(RESERVED_END[0]))
    return name
