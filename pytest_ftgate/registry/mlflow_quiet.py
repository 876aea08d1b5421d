"""Code that calls MLflow -> the same without its log lines, warnings, progress bars and telemetry."""

from __future__ import annotations

import logging
import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

NO_TELEMETRY = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
"""Both names are read by MLflow 3.17, at import and at each call; they stay set for the whole process."""

FOR_A_CALL = {
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}

PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3"}
"""MLflow's 7 tries keep a user waiting four minutes for a server that is down; set only where the user did not."""

LOGGERS = {"mlflow": logging.INFO, "alembic": logging.WARNING}
"""Loggers of MLflow and the level it gives them at import."""

_guard = threading.RLock()
_depth = 0
_undo = ExitStack()


@contextmanager
def quiet() -> Iterator[None]:
    """Silence MLflow inside the block. May be nested, also by several threads: the last one out restores everything."""
    _enter()
    try:
        with _without_warnings():
            yield
    finally:
        _leave()


def _enter() -> None:
    global _depth  # noqa: PLW0603 - levels and environment are of the whole process, and so is this count
    with _guard:
        os.environ.update(NO_TELEMETRY)
        if _depth == 0:
            _silence()
        _depth += 1


def _leave() -> None:
    global _depth  # noqa: PLW0603
    with _guard:
        _depth -= 1
        if _depth == 0:
            _undo.close()


def _silence() -> None:
    missing = {name: value for name, value in PATIENCE.items() if name not in os.environ}
    for name, value in {**FOR_A_CALL, **missing}.items():
        _undo.callback(_set_environment, name, os.environ.get(name))
        os.environ[name] = value
    for name, default in LOGGERS.items():
        logger = logging.getLogger(name)
        _undo.callback(logger.setLevel, logger.level or default)
        logger.setLevel(logging.CRITICAL)


def _set_environment(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


@contextmanager
def _without_warnings() -> Iterator[None]:
    """The warning filters belong to the main thread (pytest swaps them for each test), so only it may swap them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
