"""Value of a key -> whether it says true or false, however a table spells it."""

from __future__ import annotations

from typing import Any

_SPELT = {"true": True, "false": False}
_ALIKE = frozenset({"0", "1", "0.0", "1.0", "yes", "no", "y", "n", "t", "f"})


def flag_of(value: Any) -> bool | None:
    """True or false, also as a text in any case and with white space around it; None for all else."""
    return value if isinstance(value, bool) else _SPELT.get(value.strip().lower()) if isinstance(value, str) else None


def is_like_flag(value: Any) -> bool:
    """Whether it may stand for true or false, or for something else: 0, 1, yes, no."""
    return isinstance(value, int | float | str) and str(value).strip().lower() in _ALIKE
