"""MLflow's own server behind its own basic authentication: a process of its own, with users."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.nginx_here import free_port

ADMIN, TRAINER, READER = (
    ("admin", "correct-horse-battery"),
    ("trainer", "trains-and-moves"),
    ("reader", "only-looks-on"),
)
PATIENCE_S = 240
SETTINGS = """[mlflow]
default_permission = READ
database_uri = sqlite:///{folder}/users.db
admin_username = {admin}
admin_password = {password}
authorization_function = mlflow.server.auth:authenticate_request_basic_auth
auth_cache_ttl_seconds = 600
"""
"""Without the cache every request hashes the password anew: a promotion then takes minutes on two busy cores."""


@dataclass(frozen=True)
class MlflowServer:
    """url: without a password. log: what it prints. artifacts: the folder of its files."""

    url: str
    log: Path
    artifacts: Path


@contextmanager
def server_with_users(folder: Path, database: Path) -> Iterator[MlflowServer]:
    """The server on a store that is there; TRAINER and READER may read all, and change what they made themselves."""
    (folder / "auth.ini").write_text(SETTINGS.format(folder=folder, admin=ADMIN[0], password=ADMIN[1]))
    port = free_port()
    server = MlflowServer(f"http://127.0.0.1:{port}", folder / "server.log", folder / "artifacts")
    environment = {
        **os.environ,
        "MLFLOW_AUTH_CONFIG_PATH": str(folder / "auth.ini"),
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "of this test",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    store = ("--backend-store-uri", f"sqlite:///{database}", "--artifacts-destination", str(server.artifacts))
    command = [sys.executable, "-m", "mlflow", "server", "--app-name", "basic-auth", "--workers", "1", *store]
    with (
        server.log.open("w") as log,
        subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        ) as process,
    ):
        try:
            _wait_for(server, process)
            for name, password in (TRAINER, READER):
                user = {"username": name, "password": password}
                made = requests.post(f"{server.url}/api/2.0/mlflow/users/create", json=user, auth=ADMIN, timeout=60)
                assert made.ok, made.text
            yield server
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def _wait_for(server: MlflowServer, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and process.poll() is None:
        try:
            if requests.get(f"{server.url}/health", timeout=5).ok:
                return
        except requests.RequestException:
            time.sleep(0.2)
    raise AssertionError(f"MLflow's server does not answer:\n{server.log.read_text()}")
