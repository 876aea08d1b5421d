"""Text of a flag or an ini option -> its value, or a UsageError that says what is allowed."""

from __future__ import annotations

import re
import shlex

import pytest

RUNS = re.compile(r"last|[0-9a-f]{4,64}")
LEAKS = ("error", "strict", "drop-row", "drop-case")
CACHES = ("", "off", "local")
TARGETS = re.compile(r"base|champion|candidate|v[1-9][0-9]{0,8}")


def target(value: str, *, train: bool) -> str:
    """A model under test. train: whether this is a training run. Raises UsageError."""
    if value and not TARGETS.fullmatch(value):
        raise pytest.UsageError(f"--ftgate-target: found {value!r}, allowed: base, champion, candidate, v1, v2, ...")
    if value == "candidate" and not train:
        raise pytest.UsageError("--ftgate-target candidate needs --train; without it use a version (vN)")
    if train and value not in ("", "candidate"):
        raise pytest.UsageError(f"--train tests the trained candidate; remove --ftgate-target {value}")
    return value


def words(value: str) -> tuple[str, ...]:
    """Words of a command line. Raises UsageError."""
    try:
        return tuple(shlex.split(value))
    except ValueError as error:
        raise pytest.UsageError(f"--ftgate-vllm-args: cannot parse {value!r}: {error}") from None


def concurrency(value: str) -> int:
    """From 1 to 4096. Raises UsageError."""
    if not value.isdecimal() or len(value) > 4 or not 1 <= int(value) <= 4096:
        raise pytest.UsageError(f"--ftgate-concurrency: found {value!r}, expected a whole number from 1 to 4096")
    return int(value)


def regrade(value: str, *, train: bool) -> str:
    """Either last, or the beginning of a digest. Raises UsageError."""
    if value and train:
        raise pytest.UsageError("--ftgate-regrade cannot be combined with --train")
    if value and not RUNS.fullmatch(value):
        raise pytest.UsageError(
            f"--ftgate-regrade: found {value!r}, expected last or 4 to 64 hex digits of a model digest"
        )
    return value


def dollars(value: str) -> float | None:
    """An amount; None of "". Raises UsageError."""
    try:
        dollars = float(value) if value else 0.0
    except ValueError:
        dollars = -1.0
    if not 0 <= dollars < float("inf"):
        raise pytest.UsageError(f"--ftgate-judge-budget: found {value!r}, expected an amount in dollars, e.g. 2.50")
    return dollars if value else None


def leak(value: str) -> str:
    """What is done about leaked cases. Raises UsageError."""
    if value not in LEAKS:
        raise pytest.UsageError(f"--ftgate-leak: found {value!r}, allowed: {', '.join(LEAKS)}")
    return value


def cache(value: str) -> str:
    """Which response cache. Raises UsageError."""
    if value not in CACHES:
        raise pytest.UsageError(f"--ftgate-cache: found {value!r}, allowed: local, off (for Redis: ftgate_cache_url)")
    return value


def price(value: str) -> tuple[float, float] | None:
    """Two prices; None of "". Raises UsageError."""
    if not value:
        return None
    try:
        given, made = map(float, value.split())
    except ValueError:
        given = made = -1.0
    if not (0 <= given < float("inf") and 0 <= made < float("inf")):
        raise pytest.UsageError(f"--ftgate-price: found {value!r}, expected two numbers, e.g. '0.15 0.60'")
    return given, made
