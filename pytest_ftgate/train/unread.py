"""Rows -> the sentence that names the keys which nothing reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from pytest_ftgate.train.training_row import TrainingRow


def unread_keys(rows: Iterable[TrainingRow]) -> str:
    """Each key with the number of its rows, most frequent first; "" if all is read."""
    counts = Counter(key for row in rows for key in row.unused)
    named = ", ".join(f"{key!r} in {count:,} row{'' if count == 1 else 's'}" for key, count in counts.most_common())
    return f"keys of the training rows that nothing reads: {named}; what they say is not learnt" if named else ""
