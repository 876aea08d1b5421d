"""Address -> a Ray that says nothing, sends nothing home, and is gone afterwards if it was started here."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import pytest_ftgate
from pytest_ftgate.errors import LeakageError, MissingExtra
from pytest_ftgate.serve.embed.quiet_logging import silence

LOCAL = "local"
PATIENCE_S = 10.0
"""Time for the cluster's port to answer."""
_SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_ENABLE_AUTO_CONNECT": "0",
        "RAY_NUM_REDIS_GET_RETRIES": "1",  # one attempt of about 45 s where a port answers, but not as Ray
    }
)
_ADVICE = "start one with `ray start --head`, or use this machine: --ray local"


@contextmanager
def ray_session(address: str) -> Iterator[Any]:
    """The module `ray`, connected. address: "local", "auto", or host:port of the cluster's head.

    Raises MissingExtra, LeakageError if no cluster answers.
    """
    if address == LOCAL:
        _own_token()
    # Ray sets its loggers up anew with each data set, so no logger is left out.
    with _environment(_SETTINGS), silence():
        ray = _imported()
        if address not in (LOCAL, "auto"):
            _reach(address)
        try:
            _connect(ray, address)
            yield ray
        finally:
            ray.shutdown()


def _own_token() -> None:
    """A cluster of our own gets a token that is written nowhere. Ray reads it once a process, so it is kept."""
    if "ray" not in sys.modules and not {"RAY_AUTH_MODE", "RAY_AUTH_TOKEN"} & os.environ.keys():
        os.environ.update({"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)})


@contextmanager
def _environment(settings: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _imported() -> Any:
    try:
        import ray
        import ray.data
    except ImportError:
        raise MissingExtra("--ray", "ray") from None
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    return ray


def _reach(address: str) -> None:
    """Raises LeakageError if nothing answers there in time, or if it is no address of a cluster's head."""
    host, _, port = address.rpartition(":")
    if "://" in address or not host or not port.isdecimal():
        raise LeakageError(f"--ray {address}: expected local, auto or HOST:PORT of the head node (head:6379)")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=PATIENCE_S).close()
    except (OSError, OverflowError) as error:
        raise LeakageError(f"no Ray cluster at {address}: {error}; {_ADVICE}") from None


def _connect(ray: Any, address: str) -> None:
    """A cluster of others gets this package with the job, so that all machines run the same version of it."""
    own = {"include_dashboard": False} if address == LOCAL else {"runtime_env": {"py_modules": [pytest_ftgate]}}
    try:
        ray.init(address=address, logging_level=logging.ERROR, log_to_driver=False, **own)
    except (ConnectionError, RuntimeError, TimeoutError, ValueError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise LeakageError(f"cannot use the Ray cluster at {address}: {first}; {_ADVICE}") from None
