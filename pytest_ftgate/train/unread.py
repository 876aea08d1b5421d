"""Numbers of rows by key -> the sentence that names the unused keys."""

from __future__ import annotations

from collections import Counter

MOST = 20
"""Keys that are named; a file whose keys are contents has as many as rows."""


def unread_keys(counts: Counter[str]) -> str:
    """Each key with the number of its rows, most frequent first and `MOST` of them; "" if all is read."""
    named = ", ".join(f"{key!r} in {count:,} row{'' if count == 1 else 's'}" for key, count in counts.most_common(MOST))
    named += f" and {len(counts) - MOST:,} more keys" if len(counts) > MOST else ""
    return f"unused keys of the training rows: {named}; what they say is not learnt" if named else ""
