"""numeric: a number in the answer is the expected one, within a tolerance."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import ClassVar

from pytest_ftgate.files.folding import western_digits
from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.shown import shown
from pytest_ftgate.graders.value import Grade, GraderError, Kind
from pytest_ftgate.serve.response import Response

_GROUPED = r"(?:\d{1,3}(?:,\d{3})+|\d{1,2}(?:,\d{2})+,\d{3})(?!\d)"
_DIGITS = rf"(?:{_GROUPED}|\d+)(?:\.\d+)?|\.\d+"
_NUMBER = re.compile(rf"(?:(?<![\w.])[-+\u2212])?(?<!\w)(?:{_DIGITS})(?:[eE][-+]?\d+)?", re.ASCII)
_WESTERN = str.maketrans({"\u066b": ".", "\u066c": ",", "\uff0e": ".", "\uff0b": "+", "\uff0d": "-"})
"""The separators of Arabic numbers, and the signs of full width."""
_LONGEST = 400
_GREATEST_EXPONENT = 999


@dataclass(frozen=True, slots=True, kw_only=True)
class Numeric(Kind):
    """1 if |found - expected| <= max(abs_tol, rel_tol * |expected|), else 0; counted in decimal, so that .1 is .1.

    Numbers are written 1234.5, 1,234.5, 12,34,567, -3, .5 or 1e-3, in the digits of any script (not in words, nor as
    三); currency and percent signs are passed over (50% is 50); a comma is never a decimal point.
    abs_tol: largest difference, in the unit of the number.
    rel_tol: largest difference as a share of the expected number, 0.01 for 1 %.
    position: which number of the answer counts, "last" or "first".

    Example::

        [[grader]]
        kind = "numeric"
        rel_tol = 0.01
        # expected = 1200, right = "It costs $1,205.", wrong = "It costs $1,300."
    """

    kind: ClassVar[str] = "numeric"

    abs_tol: float = 0.0
    rel_tol: float = 0.0
    position: str = "last"

    def __post_init__(self) -> None:
        Kind.__post_init__(self)
        if self.abs_tol < 0 or self.rel_tol < 0:
            raise GraderError(f"abs_tol is {self.abs_tol}, rel_tol is {self.rel_tol}; both must be 0 or more")
        if self.position not in ("last", "first"):
            raise GraderError(f"position is {self.position!r}; must be 'last' or 'first'")

    def check(self, case: Case) -> None:
        """Raises GraderError if the case expects no number."""
        _expected(case)

    def __call__(self, case: Case, response: Response) -> Grade:
        """Compare the numbers."""
        expected, found = _expected(case), self._found(response.text)
        if found is None:
            return self.wrong(f"found {shown(response.text)}, with no number in range; expected {expected}")
        margin = max(Decimal(str(self.abs_tol)), Decimal(str(self.rel_tol)) * abs(expected))
        difference = abs(found - expected)
        within = f"{expected}" + (f" ± {margin}" if margin else "")
        if difference <= margin:
            return self.right(f"found {found}, expected {within}")
        return self.wrong(f"found {found} in {shown(response.text)}, expected {within}; off by {difference}")

    def _found(self, text: str) -> Decimal | None:
        numbers = _NUMBER.finditer(_western(text))
        match = next(numbers, None)
        if self.position == "last":
            for match in numbers:  # noqa: B007  the last one is meant
                pass
        return _number(match[0]) if match else None


def _expected(case: Case) -> Decimal:
    value = case.expected
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Decimal(str(value))
    written = _western(value.strip()) if isinstance(value, str) else ""
    number = _number(written) if _NUMBER.fullmatch(written) else None
    if number is None:
        raise GraderError(f"`expected` is {shown(value)}; must be a number")
    return number


def _western(text: str) -> str:
    return text if text.isascii() else western_digits(text.translate(_WESTERN))


def _number(text: str) -> Decimal | None:
    """None for a number of more than 400 characters, or out of range: 1e1000 and more, or less than 1e-999."""
    try:
        number = Decimal(text.replace(",", "").replace("\u2212", "-")) if len(text) <= _LONGEST else None
    except InvalidOperation:
        return None
    return None if number is None or abs(number.adjusted()) > _GREATEST_EXPONENT else number
