"""What a night of the canary found, for people, for JUnit and for the hook `pytest_ftgate_drift`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from pytest_ftgate.pipeline.canary.rule import Expected, Window

Kind = Literal["steady", "drift", "changed", "incomplete", "unknown", "none"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One night of one champion.

    kind: "steady"; "drift" (the champion fell); "changed" (panel, prompt, settings, engine or model are not those of
    the reference runs, so nothing was compared); "incomplete" (the panel could not be measured whole); "unknown" (there
    are no reference runs); "none" (there is no champion).
    reason: for a person. score: mean grade tonight, 0 to 1, None if nothing was measured. missing: dates of the last
    week without a night. fallen: the cases that lost most ("set::id 1.00 -> 0.00, it said 'no'"), for drift.
    """

    kind: Kind
    reason: str
    day: date | None = None
    score: float | None = None
    expected: Expected | None = None
    windows: tuple[Window, ...] = ()
    missing: tuple[date, ...] = ()
    fallen: tuple[str, ...] = ()

    def lines(self) -> Iterator[str]:
        """The numbers behind the reason."""
        if self.score is not None and self.expected is not None:
            expected = self.expected
            yield f"score {self.score:.3f}, reference {expected.score:.3f} ({expected.k} runs, n = {expected.n})"
        for window in self.windows:
            yield (
                f"{window.nights} of the last {window.length} nights: drop {100 * window.drop + 0.0:+.1f} points, "
                f"z {window.z:+.2f} (alarm: over 5 points and z > {window.limit})"
            )
        if self.missing:
            yield f"missing nights in the last week: {', '.join(map(str, self.missing))}"
        if self.fallen:
            yield "largest drops:"
            yield from (f"  {case}" for case in self.fallen)

    def to_json(self) -> dict[str, Any]:
        """For JUnit and the summary."""
        return {
            "kind": self.kind,
            "reason": self.reason,
            "night": str(self.day) if self.day else None,
            "score": self.score,
            "windows": [[w.length, w.nights, round(w.drop, 6), round(w.z, 4)] for w in self.windows],
            "lines": list(self.lines()),
        }
