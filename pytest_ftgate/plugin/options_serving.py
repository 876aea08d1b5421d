"""Flags and ini options that say what serves -> the engine, and what is missing to ask it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from pytest_ftgate.serve import ENGINES

LONGEST_START_S = 86_400


def serving(config: pytest.Config, text: Mapping[str, str]) -> dict[str, Any]:
    """Fields of Options: the engine, what is not named, and how long a server may take to start."""
    return {
        "engine": engine_of(text),
        "unnamed": unnamed(config, text),
        "start_limit_s": _start_limit(text["start-limit"]),
    }


def _start_limit(value: str) -> float | None:
    """In seconds; None for what is usual for the engine."""
    if value and not (value.isdecimal() and 1 <= int(value) <= LONGEST_START_S):
        raise pytest.UsageError(
            f"--ftgate-start-limit: found {value!r}, expected a whole number of seconds from 1 to {LONGEST_START_S}"
        )
    return float(value) if value else None


def engine_of(text: Mapping[str, str]) -> str:
    """The inference engine that is named, else the one that fits."""
    engine = text["engine"] or ("openai" if text["base-url"] else "transformers")
    if engine not in ENGINES:
        raise pytest.UsageError(f"--ftgate-engine: found {engine!r}, allowed: {', '.join(ENGINES)}")
    return engine


def unnamed(config: pytest.Config, text: Mapping[str, str]) -> str:
    """What is missing to ask a server, "" if nothing. A verb needs it at once; else only what asks is an error."""
    if engine_of(text) != "openai" or (text["base-url"] and text["model"]):
        return ""
    given, missing, value = ("base-url", "model", "NAME") if text["base-url"] else ("engine", "base-url", "URL")
    flag = f"--ftgate-{given}" if config.getoption(ini_name(given)) else ini_name(given)
    lacks = (
        f"{flag} {text[given]} needs --ftgate-{missing} {value}, or {ini_name(missing)} in the configuration of pytest"
    )
    if config.getoption("train") or config.getoption("canary"):
        raise pytest.UsageError(lacks)
    return lacks


def ini_name(name: str) -> str:
    """The ini option of the flag --ftgate-<name>."""
    return "ftgate_" + name.replace("-", "_")
