"""Answer -> whether it is short enough to be a label."""

from __future__ import annotations

SHORT = 5
"""Words."""


def is_short(answer: str) -> bool:
    """One to five words, as of a label or of a small JSON object."""
    return 0 < len(answer.split()) <= SHORT and len(answer) <= 100
