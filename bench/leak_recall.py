"""`python -m bench.leak_recall`: edited copies of golden cases inside other text, by script and length -> a table."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from types import MappingProxyType
from typing import NamedTuple

from pytest_ftgate.data.near.rows import Row
from pytest_ftgate.golden.case import Case
from pytest_ftgate.leakage.check import Scan

LENGTHS = ((5, 12), (13, 29), (30, 120))
"""Words of a golden, both ends included."""
AROUND = (60, 400)
"""Words of the row that a copy is in."""
EDITED = 0.05
GOLDENS = 300

Words = list[str]


class Script(NamedTuple):
    """Made-up words, drawn by Zipf's law, and what stands between two of them."""

    words: Sequence[str]
    gap: str

    @property
    def shares(self) -> list[float]:
        """Sums of how often each word is drawn. Without spaces few words are as frequent as "the"."""
        flat = 0 if self.gap else 50
        return list(accumulate(1 / (place + flat) for place in range(1, len(self.words) + 1)))


class Recall(NamedTuple):
    """Of `copies` edited copies so many are found as leaks and as suspects; the same of `unrelated` rows."""

    script: str
    least: int
    most: int
    copies: int
    leaks: int
    suspects: int
    unrelated: int
    false_leaks: int
    false_suspects: int


def _syllables(ones: str, *others: Sequence[str]) -> list[str]:
    made = list(ones)
    for each in others:
        made = [one + other for one in made for other in each]
    return made


def _made(parts: Sequence[str], longest: int, seed: int = 0, count: int = 5000) -> list[str]:
    draw = random.Random(seed)
    return ["".join(draw.choices(parts, k=draw.randint(1, longest))) for _ in range(count)]


def _letters(first: int, count: int) -> list[str]:
    return [chr(first + place) for place in range(count)]


SCRIPTS: Mapping[str, Script] = MappingProxyType(
    {
        "Latin": Script(_made(_syllables("bcdfghklmnprstvw", "aeiou"), 4), " "),
        "Cyrillic": Script(_made(_syllables("бвгдзклмнпрст", "аеиоу"), 4), " "),
        "Arabic": Script(_made(_letters(0x628, 19), 7), " "),
        "Hindi": Script(_made(_syllables("कगचजटडतदनपबमयरलवसह", "ािीुूेो"), 4), " "),
        "Korean": Script(_made(_letters(0xAC00, 2000), 4), " "),
        "Chinese": Script(_made(_letters(0x4E00, 1500), 3), ""),
        "Japanese": Script(_made(_letters(0x3042, 80) + _letters(0x5E00, 300), 3), ""),
        "Thai": Script(_made(_syllables("กขคงจชดตทนบปพมยรลวสห", "าิีุูะอ", ["", *"นงมกดบยว"]), 3), ""),
    }
)


class Texts:
    """Seeded texts of one script."""

    def __init__(self, script: Script, seed: int) -> None:
        self.draw = random.Random(seed)
        self._script, self._shares = script, script.shares

    def words(self, least: int, most: int) -> Words:
        """So many words, both ends included."""
        size = self.draw.randint(least, most)
        return self.draw.choices(self._script.words, cum_weights=self._shares, k=size)

    def text(self, words: Words) -> str:
        """The words as they are written."""
        return self._script.gap.join(words)

    def edited(self, words: Words) -> Words:
        """Of 20 words one, and at least one, is another, is gone, or is followed by one more."""
        places = set(self.draw.sample(range(len(words)), max(1, round(EDITED * len(words)))))
        made = []
        for place, word in enumerate(words):
            other = self.words(1, 1)
            made += [word] if place not in places else self.draw.choice((other, other, [], [word, *other]))
        return made

    def inside(self, words: Words) -> Words:
        """Anywhere within unrelated words."""
        around = self.words(*AROUND)
        place = self.draw.randint(0, len(around))
        return [*around[:place], *words, *around[place:]]


def recall_rows(
    copies: int = 1000, unrelated: int = 1000, scripts: Sequence[str] = tuple(SCRIPTS), goldens: int = GOLDENS
) -> list[Recall]:
    """Of each script and length; copies, unrelated: how many rows of each; goldens: how many cases."""
    return [_recall(name, length, copies, unrelated, goldens) for name in scripts for length in LENGTHS]


def _recall(name: str, length: tuple[int, int], copies: int, unrelated: int, goldens: int) -> Recall:
    texts = Texts(SCRIPTS[name], seed=length[0] + list(SCRIPTS).index(name))
    cases = [texts.words(*length) for _ in range(goldens)]
    scan = Scan([Case(str(number), texts.text(words), "spam") for number, words in enumerate(cases)])
    own = verdicts(scan, (texts.text(texts.inside(texts.edited(cases[n % goldens]))) for n in range(copies)))
    false = scan.report(_row(texts.text(texts.words(*AROUND)), number) for number in range(unrelated))
    leaks, suspects = own.count("leak"), own.count("suspect")
    return Recall(name, *length, copies, leaks, suspects, unrelated, len(false.leaks), len(false.suspects))


def verdicts(scan: Scan, copies: Iterator[str]) -> list[str]:
    """Of each copy the verdict on its own golden, "" if it is not found; the n-th is of golden n % their number."""
    return [_verdict(scan, number, text) for number, text in enumerate(copies)]


def _verdict(scan: Scan, number: int, text: str) -> str:
    own = str(number % len(scan.goldens))
    found = scan.report([_row(text, number)]).found
    return min((leak.verdict for leak in found if leak.golden_id == own), default="")


def _row(text: str, number: int) -> Row:
    return Row("rows", number, {"input": text})


def table(rows: Sequence[Recall]) -> list[str]:
    """The lines of a Markdown table."""
    lines = ["| script | words | leak | leak or suspect | false leaks + suspects |", "|---|---|--:|--:|--:|"]
    for row in rows:
        leak, seen = row.leaks / row.copies, (row.leaks + row.suspects) / row.copies
        false = f"{row.false_leaks} + {row.false_suspects} in {row.unrelated:,} rows"
        lines.append(f"| {row.script} | {row.least} to {row.most} | {leak:.1%} | {seen:.1%} | {false} |")
    return lines


if __name__ == "__main__":
    print("\n".join(table(recall_rows())))
