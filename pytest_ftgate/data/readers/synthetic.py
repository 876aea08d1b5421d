"""(keys of a training row) -> whether a model wrote it, and whether a person has looked at it since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

UNREVIEWED = "unreviewed"
ACCEPTED = "accepted"
EDITED = "edited"
REJECTED = "rejected"
REVIEWS = (UNREVIEWED, ACCEPTED, EDITED, REJECTED)

REFUSED = "unreviewed synthetic row, not used for training; review it: ftgate data review"


def is_synthetic(keys: Mapping[str, Any]) -> bool:
    """Whether the row says `"synthetic": true`."""
    return keys.get("synthetic") is True


def is_unreviewed(keys: Mapping[str, Any]) -> bool:
    """Whether the row is synthetic and must not train: nobody accepted or edited it.

    `"review"` says "accepted" or "edited" if a person did, or `"reviewed"` is true. Rows that are not synthetic need
    no review, and may use these keys as they like.
    """
    return is_synthetic(keys) and keys.get("review") not in (ACCEPTED, EDITED) and keys.get("reviewed") is not True


def synthetic_faults(keys: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the keys that say who wrote and reviewed a row."""
    for key in ("synthetic", "reviewed"):
        if not isinstance(keys.get(key, True), bool):
            yield f"{key!r} is {keys[key]!r:.40}; expected true or false"
    if is_synthetic(keys) and keys.get("review", UNREVIEWED) not in REVIEWS:
        yield f"'review' is {keys['review']!r:.40}; expected one of {', '.join(REVIEWS)}"
