"""What one test of two samples says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Comparison:
    """name: "length", "vocabulary", "labels" or "classifier". against: name of the sample that the log was held to.

    p: probability of a difference at least as large if both came from one source. how: the test and where p comes from.
    told: the difference, for a person. adjusted: p after Holm's correction over all tests of a report.
    """

    name: str
    against: str
    p: float
    how: str
    told: str
    adjusted: float = 1.0

    @property
    def found(self) -> bool:
        """Whether this is a difference at the level .05 of the whole report."""
        return self.adjusted <= 0.05
