"""Address of a store -> an MLflow client that says nothing, and errors a person can read."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from pytest_ftgate.errors import FtgateError, MissingExtra, RegistryError
from pytest_ftgate.files.escape import one_line, printable
from pytest_ftgate.files.secrets import remember_basic, secret_address, secret_in
from pytest_ftgate.registry import client
from pytest_ftgate.registry.error_codes import code_of
from pytest_ftgate.registry.location import artifact_root, sqlite_file, tracking_uri
from pytest_ftgate.registry.mlflow_quiet import quiet

CLOUDS = frozenset({"boto3", "botocore", "s3transfer", "google", "azure"})
"""Packages that MLflow keeps artifacts with and whose errors it lets through."""


class Store:
    """One MLflow store. Nothing is imported, opened or created before the first question."""

    def __init__(self, uri: str | None, state_dir: Path) -> None:
        self.uri = secret_address(tracking_uri(uri, state_dir))
        self.artifact_root = artifact_root(self.uri, state_dir)
        self._client: client.Client | None = None
        self._opening = threading.Lock()

    @property
    def shown(self) -> str:
        """Its address, as it may be printed."""
        return printable(self.uri)

    @contextmanager
    def asking(self, what: str) -> Iterator[client.Client]:
        """The MLflow client for a block of calls; what they raise becomes RegistryError("<what>: ...")."""
        if find_spec("mlflow") is None:
            raise MissingExtra("the registry", "registry")
        with quiet():
            try:
                yield self._opened()
            except FtgateError:
                raise
            except Exception as error:
                if not _is_storage_error(error):
                    raise
                hint = _hint(error)
                raise RegistryError(
                    f"{what}: {_first_line(error)}\n    registry: {printable(self.uri)}{hint}"
                ) from error

    def _opened(self) -> client.Client:
        with self._opening:
            if self._client is None:
                if file := sqlite_file(self.uri):
                    create_database(file)
                else:
                    _check_credentials()
                self._client = client.connect(self.uri)
        return self._client


def _check_credentials() -> None:
    """MLflow sends these as they are, and shows one that cannot be sent. Raises FtgateError, which does not."""
    secret_in("MLFLOW_TRACKING_TOKEN")
    remember_basic(os.environ.get("MLFLOW_TRACKING_USERNAME", ""), secret_in("MLFLOW_TRACKING_PASSWORD"))


def create_database(file: Path) -> None:
    """Create MLflow's tables in a new SQLite file (5 to 15 s); does nothing if the file is there.

    Made under another name and renamed, so that a process killed half-way leaves no half-made registry.
    """
    if file.is_file():
        return
    from filelock import FileLock
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{file}.lock"):
        if file.is_file():
            return
        for leftover in file.parent.glob(f"{file.name}.*.new"):
            leftover.unlink()
        draft = file.with_name(f"{file.name}.{os.getpid()}.new")
        SqlAlchemyStore(f"sqlite:///{draft}", artifact_root(f"sqlite:///{file}", file.parent))._dispose_engine()
        draft.replace(file)


def _hint(error: Exception) -> str:
    """What to do about a server that does not let this user in, or not do this; a line of its own."""
    user = one_line(os.environ.get("MLFLOW_TRACKING_USERNAME", ""))
    hints = {
        "UNAUTHENTICATED": "check MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN",
        "PERMISSION_DENIED": f"ask the server's administrator for the permission to do this as {user or 'this user'}, "
        "or use another account: MLFLOW_TRACKING_USERNAME, MLFLOW_TRACKING_PASSWORD",
    }
    found = hints.get(code_of(error), "")
    return f"\n    {found}" if found else ""


def _is_storage_error(error: Exception) -> bool:
    """Of MLflow, or of what it stores with; the clients of clouds have errors of their own."""
    from mlflow.exceptions import MlflowException
    from requests import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    known = (MlflowException, SQLAlchemyError, RequestException, OSError, ImportError)
    return isinstance(error, known) or type(error).__module__.partition(".")[0] in CLOUDS


def _first_line(error: Exception) -> str:
    return one_line(next(iter(str(error).strip().splitlines()), type(error).__name__))
