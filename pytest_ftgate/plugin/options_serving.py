"""Flags and ini options that say what serves -> the engine, and what is missing to ask it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from pytest_ftgate.serve import ENGINES


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
