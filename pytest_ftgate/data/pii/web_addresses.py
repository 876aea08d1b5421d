"""Text -> where web addresses stand in it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from operator import itemgetter

from pytest_ftgate.data.pii.span import Place

_ADDRESS = re.compile(r"(?<![a-z])(?:https?|ftp)://[!#-&(-;=?-~]+", re.I | re.A)


def web_addresses(text: str) -> Sequence[Place]:
    """In order; they end at a quote, an angle bracket, a space, or a character that is not ASCII."""
    return [found.span() for found in _ADDRESS.finditer(text)] if "://" in text else ()


def disjoint(places: Iterable[Place]) -> list[Place]:
    """In order; those that overlap as one."""
    joined: list[Place] = []
    for begin, end in sorted(places):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return joined


def is_within(place: Place, others: Sequence[Place]) -> bool:
    """Whether it stands in one of the others, which are disjoint and in order."""
    before = bisect_right(others, place[0], key=itemgetter(0))
    return before > 0 and place[1] <= others[before - 1][1]
