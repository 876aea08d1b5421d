"""(keys of a training row) -> whether it is of general skills instead of the task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def is_general(keys: Mapping[str, Any]) -> bool:
    """Whether the row says `"source": "general"`."""
    return keys.get("source") == "general"
