"""A real Ray head with a job server, of two CPUs, in processes of our own that end with the test session."""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from tests.e2e.patience import patience

DASHBOARD = ("ray", "aiohttp_cors", "opencensus")
"""What `pip install 'ray[default]'` brings, without which the head starts no job server."""
FIRST_PORT, LAST_PORT = 21000, 29999
"""Outside of the ports that Ray gives its workers."""


def need_job_server() -> None:
    """Skips where the head would start without a job server."""
    if missing := [name for name in DASHBOARD if importlib.util.find_spec(name) is None]:
        pytest.skip(f"needs ray[default]: {', '.join(missing)} not installed")


@contextmanager
def ray_head(cpus: int = 2) -> Iterator[dict[str, str]]:
    """The environment with which its job server is reached: RAY_ADDRESS and a token of its own."""
    need_job_server()
    folder = Path(tempfile.mkdtemp(prefix="fr"))  # short: Ray's sockets lie below it
    port, client_port = free_ports(2)
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    command = [
        sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", f"--num-cpus={cpus}", "--port=0",
        "--dashboard-host=127.0.0.1", f"--dashboard-port={port}", "--dashboard-agent-listen-port=0",
        f"--ray-client-server-port={client_port}", f"--temp-dir={folder}", "--disable-usage-stats",
        "--object-store-memory=80000000", "--include-dashboard=true",
    ]  # fmt: skip
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    env = {**clean, **token, "PATH": path, "RAY_worker_niceness": "0"}
    with (folder / "head.log").open("wb") as log:
        head = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env, cwd=folder, start_new_session=True
        )
    try:
        _wait(f"http://127.0.0.1:{port}/api/version", token["RAY_AUTH_TOKEN"], head, folder / "head.log")
        yield {"RAY_ADDRESS": f"http://127.0.0.1:{port}", **token}
    finally:
        end(head.pid, folder)
        head.wait()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def reached(head: dict[str, str]) -> Iterator[None]:
    """The environment of `ray_head`, for the Ray in this process too: it keeps the first mode and token that it reads.

    What another test asked without a token, or with that of another head, would else hold for all that follow.
    """
    from ray._private.authentication_test_utils import reset_auth_token_state

    with pytest.MonkeyPatch.context() as patch:
        for name, value in head.items():
            patch.setenv(name, value)
        reset_auth_token_state()
        yield
    reset_auth_token_state()


def end(pid: int, folder: Path) -> None:
    """Every process of this head, also those that left its session: all name its folder, or come from one that does."""
    with suppress(psutil.NoSuchProcess):
        ours = {process.pid for process in psutil.Process(pid).children(recursive=True)} | {pid}
        ours |= {process.pid for process in psutil.process_iter() if _names(process, str(folder))}
        for each in ours:
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)


def _names(process: psutil.Process, folder: str) -> bool:
    with suppress(psutil.Error):
        return any(folder in word for word in process.cmdline())
    return False


def free_ports(number: int) -> list[int]:
    """Such that nothing listens on now."""
    ports: list[int] = []
    for port in range(FIRST_PORT + os.getpid() % 5000, LAST_PORT):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            ports.append(port)
        if len(ports) == number:
            return ports
    raise RuntimeError("no free ports")


def _wait(url: str, token: str, head: subprocess.Popen[bytes], log: Path) -> None:
    import requests

    until = time.monotonic() + patience(30)
    while time.monotonic() < until and head.poll() is None:
        with suppress(requests.RequestException):
            if requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=5).status_code == 200:
                return
        time.sleep(0.3)
    raise RuntimeError(f"Ray did not start:\n{log.read_text(errors='replace')[-2000:]}")
