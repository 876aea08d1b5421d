"""One of the combinations of model and prompt that a run compares."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """A golden set is asked once in each of them.

    label: in ids and reports, "b-v2". model: as it was named, "" for the only one of the run. variant: name of the
    prompt variant, "" for the set's own prompt.
    """

    label: str
    model: str = ""
    variant: str = ""
