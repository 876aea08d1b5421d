"""Seeded texts, cases and rows to plant leaks in."""

from __future__ import annotations

import random

from pytest_ftgate.case import Case
from pytest_ftgate.leakage.check import Report, find_leaks
from pytest_ftgate.leakage.rows import Row


def words(n: int, seed: int, vocabulary: int = 3000) -> str:
    draw = random.Random(seed)
    return " ".join(f"w{draw.randrange(vocabulary)}" for _ in range(n))


def case(text: object, name: str = "g0", expected: object = None) -> Case:
    return Case(name, text, expected)


def cases(*texts: object) -> list[Case]:
    return [case(text, f"g{number}") for number, text in enumerate(texts)]


def row(text: object, line: int = 1, **more: object) -> Row:
    return Row("train.jsonl", line, {"input": text, **more})


def check(goldens: list[Case], *texts: object) -> Report:
    return find_leaks(goldens, (row(text, line) for line, text in enumerate(texts, 1)))
