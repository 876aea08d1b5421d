"""ReportCollector.changed -> lines: what is better and what is worse than in the earlier run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pytest_ftgate.pipeline.comparison.since_last import worse_slices

SHOWN = 30
"""Ids of each kind, unless all are asked for."""


def changed_lines(changed: Sequence[Mapping[str, Any]], *, verbose: bool) -> Iterator[tuple[str, str]]:
    """(text, colour): for each golden set the difference, slices that got worse, then the cases that changed."""
    for each in changed:
        yield f"{each['title']}: {each['text']}", _colour(each)
        if worse := worse_slices(each):
            yield f"  WORSE on {', '.join(worse)}", "red"
        for kind in ("fixed", "broken"):
            if each[kind]:
                yield f"  {kind}: {_ids(each[kind], verbose=verbose)}", ""


def _colour(each: Mapping[str, Any]) -> str:
    """Only where the bounds are on one side of no difference."""
    if each["lower"] is None:
        return "yellow"
    return "green" if each["lower"] > 0 else "red" if each["upper"] < 0 else ""


def _ids(ids: Sequence[str], *, verbose: bool) -> str:
    shown = ids if verbose else ids[:SHOWN]
    more = len(ids) - len(shown)
    return ", ".join(shown) + (f" and {more} more; -v lists all" if more else "")
