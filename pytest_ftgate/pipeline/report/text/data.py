"""Results of the data checks -> lines: how many found nothing, and each that warns or fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

_TOLD = {"error": ("ERROR", "red"), "warning": ("warning", "yellow"), "skipped": ("skipped", "yellow")}


def data_lines(told: Sequence[dict[str, Any]], *, verbose: bool) -> Iterator[tuple[str, str]]:
    """(text, colour) of each line. told: a dict for each check, in order. verbose: also the checks that are ok."""
    for task in dict.fromkeys(each["task"] for each in told):
        own = [each for each in told if each["task"] == task]
        good = sum(each["level"] == "ok" for each in own)
        rows = max(each["rows"] for each in own)
        yield f"{task}: {rows:,} rows of data, {good} of {len(own)} checks found nothing", ""
        width = max(len(each["check"]) for each in own)
        for each in own:
            if verbose or each["level"] != "ok":
                mark, colour = _TOLD.get(each["level"], ("ok", ""))
                yield f"  {each['check']:<{width}}  {mark:<7}  {each['text']}".rstrip(), colour
