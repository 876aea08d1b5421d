"""The verbs --train and --canary, and the flags that go with one of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypedDict

import pytest


class Verbs(TypedDict):
    """Fields of `Options`. propose: register what passes the gate, and leave the champion. night: of the canary.

    live: file of labelled production inputs, None for none.
    """

    train: bool
    propose: bool
    canary: bool
    night: date
    rollback_on_drift: bool
    live: Path | None


def add_verbs(add: Callable[..., None]) -> None:
    """Register the flags."""
    add("--train", action="store_true", help="fine-tune the pipelines of the selected golden sets, gate and promote")
    add(
        "--ftgate-propose",
        action="store_true",
        help="with --train: register a candidate that passes the gate, but leave the champion; a person promotes it",
    )
    add("--canary", action="store_true", help="run the nightly canary on each champion; exit code 12 on regression")
    add(
        "--live",
        metavar="FILE",
        default="",
        help="with --canary: also ask the champion the labelled production inputs of FILE (ftgate live label), and "
        "compare with its goldens at promotion",
    )
    add("--ftgate-rollback-on-drift", action="store_true", help="with --canary: roll back a champion that drifts")
    add(
        "--ftgate-night",
        metavar="DATE",
        default="",
        help="with --canary: date of this run, e.g. 2026-11-22 (default: today, UTC)",
    )


def verbs(config: pytest.Config, others: dict[str, str]) -> Verbs:
    """The values given; others: of flags that name another model. Raises UsageError for what does not go together."""
    train, canary, propose = (bool(config.getoption(name)) for name in ("train", "canary", "ftgate_propose"))
    for flag, given in {"--train": train, **others}.items():
        if canary and given:
            raise pytest.UsageError(f"--canary runs on the champion; remove {flag}")
    if propose and not train:
        raise pytest.UsageError("--ftgate-propose needs --train: it says what becomes of the candidate")
    live = str(config.getoption("live")).strip()
    if live and not canary:
        raise pytest.UsageError("--live FILE needs --canary: it asks the champion labelled production inputs")
    return Verbs(
        train=train,
        propose=propose,
        canary=canary,
        night=_night(str(config.getoption("ftgate_night"))),
        rollback_on_drift=bool(config.getoption("ftgate_rollback_on_drift")),
        live=_live(config, live) if live else None,
    )


def _live(config: pytest.Config, value: str) -> Path:
    path = config.invocation_params.dir / value
    if not path.is_file():
        raise pytest.UsageError(f"--live: {value} not found; label production inputs first: ftgate live label")
    return path


def _night(value: str) -> date:
    try:
        return date.fromisoformat(value) if value else datetime.now(UTC).date()
    except ValueError:
        raise pytest.UsageError(f"--ftgate-night: found {value!r}, expected a date such as 2026-11-22") from None
