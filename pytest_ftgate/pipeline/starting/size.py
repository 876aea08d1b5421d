"""Usable rows -> how many become golden cases, training and validation rows, by the arithmetic of `ftgate power`."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_ftgate.data.checks.size import FEW
from pytest_ftgate.errors import FtgateError
from pytest_ftgate.metrics.power import about, cases_to_find, resolvable

DROP = 0.05
"""Regression that a golden set should find, a share."""
MOST_SHARE = 1 / 3
"""Of the rows, that become golden cases where nobody says otherwise."""
LEAST_TRAIN = FEW + 10
"""The data checks refuse fewer than 200 rows; a few may still be left out."""
LEAST_GOLDENS, LEAST_VALIDATION, MOST_VALIDATION = 50, 20, 200
LEAST = LEAST_TRAIN + LEAST_GOLDENS + LEAST_VALIDATION


@dataclass(frozen=True, slots=True)
class Sizes:
    """Rows of each part, whose sum is that of the usable rows."""

    goldens: int
    train: int
    validation: int

    @property
    def rows(self) -> int:
        """Of all parts."""
        return self.goldens + self.train + self.validation


def sizes_of(rows: int, wanted: int | None = None, left_out: str = "") -> Sizes:
    """The least golden set that finds a drop of 5 points, at most a third of the rows; or as many as are wanted.

    left_out: the other rows, in words. At least 210 rows are left to train on. Raises FtgateError, which says how many
    rows are needed, for fewer than 280.
    """
    if rows < LEAST:
        raise FtgateError(
            f"too few rows: {rows:,} can be used, at least {LEAST:,} are needed: {LEAST_TRAIN} to train on, "
            f"{LEAST_GOLDENS} golden cases, {LEAST_VALIDATION} to validate on\n"
            + (f"    left out: {left_out}\n" if left_out else "")
            + "    collect more, or make more from them: ftgate data generate"
        )
    most = rows - LEAST_TRAIN - LEAST_VALIDATION
    if wanted is not None and wanted > most:
        raise FtgateError(
            f"--goldens {wanted}: {rows:,} rows can be used, and {LEAST_TRAIN} are needed to train on and "
            f"{LEAST_VALIDATION} to validate on: at most {most:,}"
        )
    goldens = wanted or max(min(cases_to_find(DROP), int(rows * MOST_SHARE), most), LEAST_GOLDENS)
    validation = min(max((rows - goldens) // 10, LEAST_VALIDATION), MOST_VALIDATION, rows - goldens - LEAST_TRAIN)
    return Sizes(goldens, rows - goldens - validation, validation)


def check_left(train: int, validation: int) -> None:
    """Raises FtgateError where near duplicates, which stay together, leave too few rows for a part."""
    if train < FEW or validation < 1:
        raise FtgateError(
            f"too few rows: {train:,} are left to train on ({FEW} needed) and {validation:,} to validate on; near "
            "duplicates stay together, and rows too like a golden case are left out\n"
            "    the rows are too like each other: collect more, or take fewer golden cases: --goldens N"
        )


def sight(cases: int) -> str:
    """What so many cases find, and how many find 5 points: "200 cases find a difference of about 7 points; ..."."""
    found = f"{cases:,} cases find a true difference of {about(resolvable(cases))} between two models"
    needed = cases_to_find(DROP)
    return found if cases >= needed else f"{found}; {100 * DROP:g} points need {needed:,}"
