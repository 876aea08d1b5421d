"""[ab] of a pipeline.toml -> Ab: which part of the users meets a candidate, and what their outcomes decide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

OutcomeKind = Literal["binary", "graded"]

WINDOW_HOURS = 24.0


@dataclass(frozen=True, slots=True)
class Ab:
    """A stated split.

    share: of the users who meet the candidate, .05 for 5 %. outcome: "binary", 0 or 1; "graded", anything from 0 to 1.
    exposures, outcomes: files of JSON lines, absolute. window_hours: outcomes count so long after a user's first
    exposure. margin: so much worse a mean outcome is accepted, a share. required: whether nothing is promoted before
    the outcomes have decided.
    """

    share: float
    outcome: OutcomeKind = "graded"
    exposures: Path | None = None
    outcomes: Path | None = None
    window_hours: float = WINDOW_HOURS
    margin: float = 0.0
    required: bool = False


def live_set(path: Path) -> str:
    """Name of the golden set with which the exposures of a pipeline.toml are judged, its first; "" if it names none.

    A broken file is told of by `read_pipeline` when it is used.
    """
    import tomllib

    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        return str(data["goldens"][0]) if "exposures" in data["ab"] else ""
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return ""


def ab_problems(data: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """(key, what is wrong, what to do) of what the schema cannot see."""
    table = data.get("ab", {})
    for key in ("required", "outcomes"):
        if table.get(key) and "exposures" not in table:
            yield ("ab", key), f"ab.{key} requires exposures", "set ab.exposures"


def ab_of(data: Mapping[str, Any], folder: Path) -> Ab | None:
    """The split of a pipeline.toml that has passed the schema and lies in `folder`; None if it states none."""
    if "ab" not in data:
        return None
    table = dict(data["ab"])
    files = {key: folder / Path(table[key]).expanduser() for key in ("exposures", "outcomes") if key in table}
    return Ab(**table | files)
