"""Seeded texts of one benchmark -> goldens and rows that share its phrases, names and numbers, and no whole text.

Stands in for what nobody may copy here, goldens and training rows of one benchmark (GSM8K, MMLU): word problems and
multiple-choice questions. Their common phrases are few and in many goldens, as those of a benchmark are.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Sequence
from pathlib import Path

_PHRASES = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
_SUBJECTS = 57
"""Of the multiple-choice questions; each has terms of its own."""


class Benchmark:
    """One stream of made-up questions; two with other seeds are of one benchmark and have no question in common."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)
        terms = random.Random(0)
        parts = [first + vowel + last for first in "bcdfglmnprst" for vowel in "aeiou" for last in "lnrs"]
        ends = _PHRASES["ends"]
        made = ("".join(terms.choices(parts, k=terms.choice((1, 1, 2)))) for _ in range(4_000))
        self._terms = [f"{start}{terms.choice(ends)}" for start in made]

    def problem(self) -> tuple[str, str]:
        """A word problem of about 45 words, and its solution, of about 55."""
        names = self._names()
        sentences = [
            *self._some("first", (1,)),
            *self._some("then", (1, 2, 2, 3, 3, 4, 5, 7)),
        ]
        asked = ". ".join(self._filled(each, names) for each in sentences)
        question = f"{asked}. {self._filled(self._one('last'), names)}"
        steps = [self._filled(each, names) for each in self._some("steps", (2, 3, 4, 5, 6, 8))]
        return question, "\n".join([*steps, f"#### {self._draw.randrange(1000)}"])

    def choice(self) -> tuple[str, str]:
        """A multiple-choice question of about 50 words, and the letter of its answer."""
        subject, names = self._draw.randrange(_SUBJECTS), self._names()
        stems = self._some("stems", (1, 1, 1, 1, 2, 3, 5, 9))
        asked = " ".join(self._filled(each, names, subject) for each in stems)
        options = [f"{letter}. {self._filled(self._one('options'), names, subject)}" for letter in "ABCD"]
        return "\n".join([asked, *options, "Answer:"]), self._draw.choice("ABCD")

    def _some(self, kind: str, counts: Sequence[int]) -> Sequence[str]:
        return self._draw.sample(_PHRASES[kind], self._draw.choice(counts))

    def _one(self, kind: str) -> str:
        return str(self._draw.choice(_PHRASES[kind]))

    def _names(self) -> dict[str, object]:
        a, b = self._draw.sample(_PHRASES["names"], 2)
        x, y = self._draw.sample(_PHRASES["things"], 2)
        return {"a": a, "b": b, "x": x, "y": y}

    def _filled(self, template: str, names: dict[str, object], subject: int = 0) -> str:
        draw = self._draw
        number, other = draw.randrange(2, 200), draw.randrange(2, 30)
        terms = self._terms[subject::_SUBJECTS]
        u, v, w = (" ".join(draw.choices(terms, k=draw.choice((1, 2)))) for _ in "uvw")
        share = self._one("shares").format(n=draw.randrange(5, 95, 5))
        own = {
            "p": self._one("places"),
            "t": self._one("times"),
            "k": self._one("kin"),
            "s": share,
        }
        return template.format(n=number, m=other, r=number + other, u=u, v=v, w=w, **own, **names)
