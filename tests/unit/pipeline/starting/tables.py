"""Tables as users have them: random words, so that no two rows are near to each other."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from pytest_ftgate.data.readers.record import Record

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def words(draw: random.Random, count: int) -> str:
    return " ".join("".join(draw.choices(LETTERS, k=draw.randint(3, 9))) for _ in range(count))


def table(rows: int, expected: Callable[[int], Any], **more: Any) -> list[dict[str, Any]]:
    """Rows of `text` and `label`; more: columns, each a function of the row's number."""
    draw = random.Random(1)
    made = [{"text": words(draw, 12), "label": expected(i)} for i in range(rows)]
    return [row | {name: of(i) for name, of in more.items()} for i, row in enumerate(made)]


def records(rows: list[dict[str, Any]]) -> list[Record]:
    return [Record("mail.csv", line, row) for line, row in enumerate(rows, 2)]
