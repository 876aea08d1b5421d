"""Seeded texts, cases and rows to plant leaks in."""

from __future__ import annotations

import random
from bisect import bisect_left
from itertools import accumulate

from pytest_ftgate.data.near.rows import Row
from pytest_ftgate.golden.case import Case
from pytest_ftgate.leakage.check import Report, find_leaks


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


SYLLABLES = [first + vowel for first in "bcdfghklmnprstvw" for vowel in "aeiou"]


def language(n: int, seed: int) -> list[str]:
    """Words of one to four syllables, drawn anew for each seed."""
    draw = random.Random(seed)
    return ["".join(draw.choices(SYLLABLES, k=draw.randint(1, 4))) for _ in range(n)]


class Texts:
    """Seeded texts of 5,000 made-up words, the n-th of which is drawn about 1/n as often as the first (Zipf)."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self._words = language(5000, seed=0)
        self._weights = list(accumulate(1 / place for place in range(1, len(self._words) + 1)))

    def text(self, least: int, most: int) -> list[str]:
        """So many words, both ends included."""
        return self.draw.choices(self._words, cum_weights=self._weights, k=self.draw.randint(least, most))


def grams(text: str) -> frozenset[str]:
    return frozenset(text[place : place + 5] for place in range(len(text) - 4))


def true_jaccard(one: str, other: str) -> float:
    """By the definition, of texts that are normalised already."""
    return len(grams(one) & grams(other)) / len(grams(one) | grams(other))


def near(text: list[str], wanted: float, seed: int) -> str:
    """The text with as many letters changed as leave its index at `wanted` or above."""
    original = " ".join(text)
    places = [place for place, letter in enumerate(original) if letter != " "]
    random.Random(seed).shuffle(places)

    def changed(count: int) -> str:
        letters = list(original)
        for place in places[:count]:
            letters[place] = "x"
        return "".join(letters)

    def too_far(count: int) -> bool:
        return true_jaccard(original, changed(count)) < wanted

    return changed(bisect_left(range(len(places) // 4 + 1), True, key=too_far) - 1)
