"""Rows of more tokens than the training takes: cut off, or left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pytest_ftgate.data.checks.finding import Finding, Level
from pytest_ftgate.data.readers.row import TEXT, DataRow
from pytest_ftgate.errors import DataError

MANY = 0.05
"""Share of the rows from which on their loss is an error."""


class Truncated:
    """tokens_of: row -> tokens of question and answer in the model's chat template; DataError if it refuses the row."""

    name = "truncated"
    advice = "raise max_length or shorten the rows; --train skips them"

    def __init__(self, tokens_of: Callable[[DataRow], int], max_length: int) -> None:
        self._tokens_of = tokens_of
        self._most = max_length
        self._rows = self._long = self._tokens = self._lost = self._refused = 0

    @property
    def level(self) -> Level:
        """An error if many rows are concerned, or the template refuses any."""
        return "error" if self._refused or self._long > MANY * self._rows else "warning"

    @property
    def note(self) -> str:
        """The share of rows and of tokens lost."""
        if not self._long:
            return ""
        rows, tokens = self._long / self._rows, self._lost / self._tokens
        return f"{rows:.1%} of the rows exceed {self._most:,} tokens, {tokens:.1%} of all tokens would be truncated"

    def see(self, row: DataRow) -> Iterator[Finding]:
        """The row if it is too long, or if the template refuses it; a text alone is trained in pieces."""
        if row.shape == TEXT:
            return
        self._rows += 1
        try:
            tokens = self._tokens_of(row)
        except DataError as error:
            self._refused += 1
            yield Finding(row.path, row.line, str(error.faults[0].message))
            return
        self._tokens += tokens
        if tokens > self._most:
            self._long += 1
            self._lost += tokens - self._most
            yield Finding(row.path, row.line, f"{tokens:,} tokens")

    def close(self) -> tuple[Finding, ...]:
        """Nothing more."""
        return ()
