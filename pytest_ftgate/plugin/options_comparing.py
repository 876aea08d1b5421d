"""--ftgate-against and --ftgate-max-drop: the earlier run that this one is compared with, and what may be lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypedDict

import pytest


class Comparing(TypedDict):
    """Fields of `Options`. max_drop: a share in (0, 1), None to report only."""

    against: str
    max_drop: float | None


def add_comparing(add: Callable[..., None]) -> None:
    """Register the flags."""
    add(
        "--ftgate-against",
        metavar="RUN",
        default="",
        help="compare with an earlier run instead of the last: run id, last, a name from `ftgate runs tag`, or a file",
    )
    add(
        "--ftgate-max-drop",
        metavar="SHARE",
        default="",
        help="with --ftgate-against: a gate check that the score has not dropped by as much, e.g. 0.03; exit code 10 "
        "if that is not shown, 1 if it has",
    )


def comparing(config: pytest.Config) -> Comparing:
    """The values given. Raises UsageError."""
    against, drop = (str(config.getoption(name)).strip() for name in ("ftgate_against", "ftgate_max_drop"))
    for flag in ("train", "canary"):
        if against and config.getoption(flag):
            raise pytest.UsageError(f"--{flag} compares with the champion; remove --ftgate-against")
    if drop and not against:
        raise pytest.UsageError(
            "--ftgate-max-drop needs --ftgate-against RUN, the run that nothing may be lost against"
        )
    return Comparing(against=against, max_drop=_share(drop) if drop else None)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0 < share < 1:
        raise pytest.UsageError(
            f"--ftgate-max-drop: found {text!r}, expected a share above 0 and below 1, e.g. 0.03 for 3 points"
        )
    return share
