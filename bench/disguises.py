"""`python -m bench.disguises`: how many of 100 disguised golden cases are found -> docs/explanation/leakage.md."""

from __future__ import annotations

import argparse
import base64
import codecs
import html
import random
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from pytest_ftgate.data.near.rows import Row
from pytest_ftgate.golden.case import Case
from pytest_ftgate.leakage.check import find_leaks

PAGE = Path(__file__).parents[1] / "docs" / "explanation" / "leakage.md"
BEGIN, END = "<!-- disguises: begin (written by `python -m bench.disguises`) -->", "<!-- disguises: end -->"
GOLDENS, UNRELATED = 100, 10_000
LENGTHS = ((5, 12), (13, 29), (30, 60))
"""Words of a golden, both ends included."""
FILLER = 60
"""Words on either side of a golden that is inside a row."""

Disguise = Callable[[str], str]


def _each(template: str) -> Disguise:
    return lambda text: "".join(template.format(ord(char)) for char in text)


def _swapped(ones: str, others: str) -> Disguise:
    table = str.maketrans(ones, others)
    return lambda text: text.translate(table)


def _shifted(first: int, letters: str = "abcdefghijklmnopqrstuvwxyz") -> Disguise:
    return _swapped(letters, "".join(chr(first + place) for place in range(len(letters))))


def _by_word(change: Callable[[str], str], glue: str = " ") -> Disguise:
    return lambda text: glue.join(map(change, text.split()))


def _by_place(change: Callable[[int, str], str]) -> Disguise:
    return lambda text: " ".join(change(place, word) for place, word in enumerate(text.split()))


def _share(part: Callable[[list[str]], list[str]]) -> Disguise:
    return lambda text: " ".join(part(text.split()))


UNDONE: Mapping[str, Disguise] = MappingProxyType(
    {
        "HTML entities": _each("&#{};"),
        "HTML entities, twice": _each("&amp;#{};"),
        "HTML entities, three times": lambda text: html.escape(html.escape(_each("&#x{:x};")(text))),
        "URL encoding, each character": _each("%{:02x}"),
        "URL encoding, spaces": quote,
        "`\\u` escapes": _each("\\u{:04x}"),
        "`\\x` escapes": _each("\\x{:02X}"),
        "`\\u{}` escapes": _each("\\u{{{:x}}}"),
        "`\\n` between words, as two characters": lambda text: text.replace(" ", "\\n"),
        "Cyrillic lookalikes": _swapped("aeopcxyiPCTMKABEH", "аеорсхуіРСТМКАВЕН"),
        "Greek lookalikes": _swapped("aeiovutABEHIKMNOPTXYZ", "αειονυτΑΒΕΗΙΚΜΝΟΡΤΧΥΖ"),
        "mathematical letters": _shifted(0x1D41A),
        "circled letters": _shifted(0x24D0),
        "negative squared letters": lambda text: _shifted(0x1F170, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")(text.upper()),
        "full-width letters": lambda text: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text),
        "combining marks": lambda text: "".join(c + "\u0307\u0323" * c.isalpha() for c in text),
        "letters with accents": lambda text: unicodedata.normalize("NFC", re.sub("([a-z])", "\\1\u0301", text)),
        "zero-width characters": "\u200b".join,
        "variation selectors": "\ufe0f".join,
        "tag characters, which no font shows": lambda text: "x " + "".join(chr(0xE0000 + ord(c)) for c in text),
        "tags within words": _by_word(lambda word: f"{word[:1]}<b></b>{word[1:]}"),
        "tags around words": _by_word(lambda word: f'<span class="w">{word}</span>', ""),
        "comments between words": lambda text: text.replace(" ", "<!-- x -->"),
        "Markdown within words": _by_word(lambda word: f"**{word[:1]}**{word[1:]}"),
        "BBCode within words": _by_word(lambda word: f"[b]{word[:1]}[/b]{word[1:]}"),
        "spaced letters": lambda text: " ".join(text.replace(" ", "")),
        "letters with points between": ".".join,
        "joined words": lambda text: text.replace(" ", ""),
        "joined words, camel case": lambda text: text.title().replace(" ", ""),
        "digits for letters (`h3ll0`)": _swapped("aeios", "43105"),
        "base64": lambda text: base64.b64encode(text.encode()).decode(),
        "base64 of UTF-16": lambda text: base64.b64encode(text.encode("utf-16-le")).decode(),
        "base64 for URLs, without padding": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
        "base64, twice": lambda text: base64.b64encode(base64.b64encode(text.encode())).decode(),
        "base32": lambda text: base64.b32encode(text.encode()).decode(),
        "hexadecimal": lambda text: text.encode().hex(),
    }
)
"""What the check undoes."""
SEEN_IN_PART: Mapping[str, Disguise] = MappingProxyType(
    {
        "first half": _share(lambda words: words[: len(words) // 2]),
        "last half": _share(lambda words: words[len(words) // 2 :]),
        "each third word another": _by_place(lambda place, word: "other" if place % 3 == 2 else word),
        "a filler after each word": _by_word(lambda word: f"{word} uh"),
        "words in reverse order": _share(lambda words: words[::-1]),
        "letters in reverse order": lambda text: text[::-1],
        "rot13": lambda text: codecs.encode(text, "rot13"),
        "base85": lambda text: base64.b85encode(text.encode()).decode(),
        "octets in decimal": lambda text: " ".join(str(ord(char)) for char in text),
        "Morse-like or any other private code": lambda text: " ".join("*" * (ord(c) % 32) or "/" for c in text),
    }
)
"""What it does not undo: parts, other orders, other codes."""
TWO_ROWS: Mapping[str, Callable[[list[str]], Sequence[list[str]]]] = MappingProxyType(
    {
        "split over two rows, in the middle": lambda words: _cut(words, 2),
        "split over three rows": lambda words: _cut(words, 3),
        "a word a row": lambda words: _cut(words, len(words)),
    }
)


def _cut(words: list[str], parts: int) -> list[list[str]]:
    borders = [len(words) * part // parts for part in range(parts + 1)]
    return [words[begin:end] for begin, end in pairwise(borders)]


class Texts:
    """Seeded texts of made-up words, the n-th of which is drawn about 1/n as often as the first (Zipf)."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)
        syllables = [first + vowel for first in "bcdfghklmnprstvw" for vowel in "aeiou"]
        made = random.Random(0)
        self._words = ["".join(made.choices(syllables, k=made.choice((1, 2, 2, 3, 3, 4)))) for _ in range(5000)]
        self._weights = [1 / place for place in range(1, len(self._words) + 1)]

    def words(self, least: int, most: int) -> list[str]:
        """So many words, both ends included."""
        return self._draw.choices(self._words, self._weights, k=self._draw.randint(least, most))


def goldens_of(length: tuple[int, int], seed: int = 1) -> list[list[str]]:
    """The words of a hundred goldens."""
    texts = Texts(seed)
    return [texts.words(*length) for _ in range(GOLDENS)]


def found_of(goldens: Sequence[list[str]], rows: Sequence[tuple[int, Mapping[str, Any]]]) -> dict[int, str]:
    """Of each golden that is found in one of its own rows the gravest verdict. rows: (number of the golden, row)."""
    cases = [Case(str(number), " ".join(words), "spam") for number, words in enumerate(goldens)]
    report = find_leaks(cases, [Row("rows", line, row) for line, (_, row) in enumerate(rows)])
    own = ((int(leak.golden_id), leak.verdict) for leak in report.found if int(leak.golden_id) == rows[leak.line][0])
    found: dict[int, str] = {}
    for number, verdict in own:
        found[number] = min(verdict, found.get(number, verdict))
    return found


def alone(goldens: Sequence[list[str]], disguise: Disguise) -> dict[int, str]:
    """Verdicts where each golden is a row of its own, disguised."""
    return found_of(
        goldens, [(n, {"input": disguise(" ".join(words)), "expected": "ham"}) for n, words in enumerate(goldens)]
    )


def inside(goldens: Sequence[list[str]], disguise: Disguise) -> dict[int, str]:
    """Verdicts where each is disguised within a row of other words, which are not."""
    texts, rows = Texts(2), []
    for number, words in enumerate(goldens):
        before, after = (" ".join(texts.words(FILLER, FILLER)) for _ in range(2))
        rows.append((number, {"input": f"{before} {disguise(' '.join(words))} {after}", "expected": "ham"}))
    return found_of(goldens, rows)


def split(goldens: Sequence[list[str]], cut: Callable[[list[str]], Sequence[list[str]]]) -> dict[int, str]:
    """Verdicts where each stands in several rows, one after the other."""
    rows = [(n, {"input": " ".join(part), "expected": "ham"}) for n, words in enumerate(goldens) for part in cut(words)]
    return found_of(goldens, rows)


def false_alarms() -> int:
    """Findings in unrelated rows, each in one of the disguises that are undone."""
    texts, goldens = Texts(3), [words for length in LENGTHS for words in goldens_of(length)]
    cases = [Case(str(number), " ".join(words), "spam") for number, words in enumerate(goldens)]
    disguises = list(UNDONE.values())
    rows = (
        Row("rows", line, {"input": disguises[line % len(disguises)](" ".join(texts.words(5, 200)))})
        for line in range(UNRELATED)
    )
    report = find_leaks(cases, rows)
    return len(report.found) + report.omitted


def table() -> list[str]:
    """The lines of the table."""
    lengths = [f"{least} to {most}" for least, most in LENGTHS]
    lines = [f"| disguise | {' | '.join(f'{each} words' for each in lengths)} |", "|---|--:|--:|--:|"]
    sets = [goldens_of(length) for length in LENGTHS]
    for name, disguise in {**UNDONE, **SEEN_IN_PART}.items():
        told = [f"{_told(alone(goldens, disguise))} / {_told(inside(goldens, disguise))}" for goldens in sets]
        lines.append(f"| {name} | {' | '.join(told)} |")
    for name, cut in TWO_ROWS.items():
        lines.append(f"| {name} | {' | '.join(_told(split(goldens, cut)) for goldens in sets)} |")
    return lines


def _told(found: Mapping[int, str]) -> str:
    leaks = sum(verdict == "leak" for verdict in found.values())
    return f"{leaks}" if leaks == len(found) else f"{leaks} + {len(found) - leaks}"


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--no-write", action="store_true", help="print only")
    args = parser.parse_args(argv)
    lines = [
        *table(),
        "",
        f"False alarms in {UNRELATED:,} unrelated rows, disguised in the same ways: {false_alarms()}.",
    ]
    print("\n".join(lines))
    if not args.no_write:
        text = "\n".join([BEGIN, *lines, END])
        pattern = re.compile(re.escape(BEGIN) + ".*" + re.escape(END), re.DOTALL)
        PAGE.write_text(pattern.sub(lambda _: text, PAGE.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
