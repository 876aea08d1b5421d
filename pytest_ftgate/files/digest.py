"""JSON value -> its one text, and the sha256 of that."""

from __future__ import annotations

import hashlib
import json

_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def canonical(obj: object) -> str:
    """The one JSON text of a value: sorted keys, no spaces, non-ASCII as it is.

    Raises ValueError for NaN and infinities, TypeError for what is not JSON.
    """
    return _ENCODER.encode(obj)


def digest_of(obj: object) -> str:
    """sha256 of `canonical(obj)`, 64 hex digits."""
    return hashlib.sha256(canonical(obj).encode("utf-8", "surrogatepass")).hexdigest()
