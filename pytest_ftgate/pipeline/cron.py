"""A cron of five fields, as GitHub reads it -> what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTHS = {name: number for number, name in enumerate(_MONTHS, 1)}
DAYS = {name: number for number, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))}
FIELDS: tuple[tuple[str, int, int, Mapping[str, int]], ...] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of the month", 1, 31, {}),
    ("month", 1, 12, MONTHS),
    ("day of the week", 0, 6, DAYS),
)
LEAST = 5  # minutes between two runs, of GitHub
_PART = re.compile(r"(?:\*|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d+))?")


def cron_problem(cron: str) -> str:
    """Why GitHub would not run it, "" if it would."""
    texts = cron.split()
    if len(texts) != len(FIELDS):
        return f"has {len(texts)} fields, expected {len(FIELDS)}"
    values = []
    for text, (name, least, most, names) in zip(texts, FIELDS, strict=True):
        parts = [_values(part, least, most, names) for part in text.lower().split(",")]
        if not all(parts):
            known = f"{least} to {most}"
            return f"has {text!r} as its {name}, expected numbers of {known}, ranges a-b, lists a,b, steps */n, or *"
        values.append({each for part in parts for each in part})
    times = sorted(60 * hour + minute for hour in values[1] for minute in values[0])
    gaps = [late - early for early, late in zip(times, [*times[1:], times[0] + 24 * 60], strict=True)]
    return f"runs every {min(gaps)} minutes at times, at least {LEAST} are allowed" if min(gaps) < LEAST else ""


def _values(part: str, least: int, most: int, names: Mapping[str, int]) -> range:
    """The numbers of a part of a field; none if it is wrong."""
    found = _PART.fullmatch(part)
    if not found:
        return range(0)
    first = least if found["first"] is None else _number(found["first"], names)
    is_open = found["first"] is None or (found["step"] and not found["last"])
    last = most if is_open else _number(found["last"] or found["first"], names)
    step = int(found["step"] or 1)
    return range(first, last + 1, step) if least <= first <= last <= most and step else range(0)


def _number(text: str, names: Mapping[str, int]) -> int:
    return int(text) if text.isascii() and text.isdecimal() else names.get(text, -1)
