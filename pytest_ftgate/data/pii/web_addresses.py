"""Text -> where web addresses stand in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile

from pytest_ftgate.data.pii.span import Place

_ADDRESS = re.compile(r"(?<![a-z])(?:https?|ftp)://[!#-&(-;=?-~]+", re.I | re.A)


def web_addresses(text: str) -> Sequence[Place]:
    """In order; they end at a quote, an angle bracket, a space, or a character that is not ASCII."""
    return [found.span() for found in _ADDRESS.finditer(text)] if "://" in text else ()


def is_within(place: Place, addresses: Sequence[Place]) -> bool:
    """Whether it stands in one of them. addresses: in order."""
    return any(place[1] <= end for _, end in takewhile(lambda address: address[0] <= place[0], addresses))
