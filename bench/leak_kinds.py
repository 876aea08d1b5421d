"""`python -m bench.leak_kinds`: copies of golden cases, of each kind and in each script -> the table of the docs.

The texts are made up: syllables or characters of a script, drawn as unevenly as the words of a language (Zipf).
"""

from __future__ import annotations

import argparse
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from pytest_ftgate.data.near.hit import Verdict
from pytest_ftgate.data.near.rows import Row
from pytest_ftgate.golden.case import Case, Prompt
from pytest_ftgate.leakage.check import Scan

PAGE = Path(__file__).parents[1] / "docs" / "explanation" / "leakage.md"
BEGIN, END = "<!-- kinds: begin (written by `make bench-leakage`) -->", "<!-- kinds: end -->"
LENGTHS = ((5, 12), (13, 29), (30, 120))
"""Words of a golden, both ends included."""
AROUND = (60, 200)
"""Words of the row that a golden is pasted into."""
COPIES = 100
"""Goldens of each script and length, each copied once in each way."""
EDITED = 0.05
PROMPT = Prompt(
    system="You are a careful assistant.", template="Say what this message asks for.\n\n{{ text }}\n\nAnswer:"
)

Words = list[str]
Data = Mapping[str, Any]


class Script(NamedTuple):
    """Made-up words, the n-th drawn about 1/(n + flat) as often as the first, and what stands between two of them."""

    words: Sequence[str]
    gap: str = " "

    @property
    def shares(self) -> list[float]:
        """Sums of how often each word is drawn. Without spaces few words are as frequent as "the"."""
        flat = 0 if self.gap else 50
        return list(accumulate(1 / (place + flat) for place in range(1, len(self.words) + 1)))


def _syllables(*parts: Sequence[str]) -> list[str]:
    made = [""]
    for each in parts:
        made = [one + other for one in made for other in each]
    return made


def _made(parts: Sequence[str], longest: int, count: int = 5000) -> list[str]:
    draw = random.Random(0)
    return ["".join(draw.choices(parts, k=draw.randint(1, longest))) for _ in range(count)]


def _letters(first: int, count: int) -> list[str]:
    return [chr(first + place) for place in range(count)]


SCRIPTS: Mapping[str, Script] = MappingProxyType(
    {
        "English": Script(_made(_syllables("bcdfghklmnprstvw", "aeiou"), 4)),
        "Chinese": Script(_made(_letters(0x4E00, 1500), 3), ""),
        "Japanese": Script(_made(_letters(0x3042, 80) + _letters(0x5E00, 300), 3), ""),
        "Thai": Script(_made(_syllables("กขคงจชดตทนบปพมยรลวสห", "าิีุูะอ", ["", *"นงมกดบยว"]), 3), ""),
        "Hindi": Script(_made(_syllables("कगचजटडतदनपबमयरलवसह", "ािीुूेो"), 4)),
        "Arabic": Script(_made(_letters(0x628, 19), 7)),
        "Hebrew": Script(_made(_letters(0x5D0, 27), 6)),
        "Korean": Script(_made(_letters(0xAC00, 2000), 4)),
        "Vietnamese": Script(
            _made(_syllables("bcđghklmnrstvx", "aàáảãạăắâấeèéêếiíoóôốơớuúưứ", ["", "n", "m", "ng", "t"]), 1)
        ),
        "Turkish": Script(_made(_syllables("bcçdfgğhklmnprsştvyz", "aeıioöuü"), 5)),
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

    def reordered(self, words: Words) -> Words:
        """Its three sentences in another order."""
        one, two = len(words) // 3, 2 * len(words) // 3
        return [*words[two:], *words[:one], *words[one:two]]


def _row(texts: Texts, words: Words) -> Data:
    return {"input": texts.text(words), "expected": texts.text(texts.words(3, 8))}


def _other_keys(texts: Texts, words: Words) -> Data:
    return {"utterance": texts.text(words), "reply": texts.text(texts.words(3, 8))}


def _wrapped(texts: Texts, words: Words) -> Data:
    asked = (PROMPT.template or "").replace("{{ text }}", texts.text(words))
    said = (("system", PROMPT.system), ("user", asked), ("assistant", texts.text(texts.words(3, 8))))
    return {"messages": [{"role": role, "content": content} for role, content in said]}


def _translated(texts: Texts, words: Words) -> Data:
    """The same meaning in other words: nothing of the text is left."""
    return _row(texts, texts.words(len(words), len(words)))


Kind = Callable[[Texts, Words], Data]
KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "verbatim": _row,
        "under other keys": _other_keys,
        "in the prompt, as messages": _wrapped,
        "pasted into other text": lambda texts, words: _row(texts, texts.inside(words)),
        "edited, 1 word in 20": lambda texts, words: _row(texts, texts.edited(words)),
        "edited and pasted": lambda texts, words: _row(texts, texts.inside(texts.edited(words))),
        "three sentences reordered": lambda texts, words: _row(texts, texts.reordered(words)),
        "translated or paraphrased": _translated,
    }
)


class Found(NamedTuple):
    """Of the copies so many are found as leaks and as suspects."""

    leaks: int
    suspects: int

    def __str__(self) -> str:
        return f"{self.leaks} + {self.suspects}" if self.suspects else str(self.leaks)


def found_of(script: str, length: tuple[int, int], copies: int = COPIES) -> dict[str, Found]:
    """By kind."""
    texts = Texts(SCRIPTS[script], seed=length[0])
    goldens = [texts.words(*length) for _ in range(copies)]
    scan = _scan(texts, goldens)
    return {kind: _found(scan, [copy(texts, words) for words in goldens]) for kind, copy in KINDS.items()}


def _scan(texts: Texts, goldens: Sequence[Words]) -> Scan:
    cases = [Case(str(number), texts.text(words), "spam") for number, words in enumerate(goldens)]
    return Scan({"goldens": cases}, {"goldens": [PROMPT]})


def _found(scan: Scan, copies: Sequence[Data]) -> Found:
    """The n-th copy is of golden n; each in a file of its own, so that no two are one text."""
    report = scan.report(Row(f"rows{number}", number, data) for number, data in enumerate(copies))
    own: dict[int, Verdict] = {}
    for leak in report.found:
        if int(leak.golden_id) == leak.line:
            own[leak.line] = min(leak.verdict, own.get(leak.line, leak.verdict))
    leaks = sum(verdict == "leak" for verdict in own.values())
    return Found(leaks, len(own) - leaks)


def false_alarms(script: str, unrelated: int, copies: int = COPIES) -> Found:
    """Findings in so many unrelated rows of 5 to 200 words, of goldens of all lengths."""
    texts = Texts(SCRIPTS[script], seed=0)
    scan = _scan(texts, [texts.words(*length) for length in LENGTHS for _ in range(copies)])
    report = scan.report(Row("rows", line, _row(texts, texts.words(5, 200))) for line in range(unrelated))
    return Found(len(report.leaks), len(report.suspects))


def table(copies: int, unrelated: int) -> Iterator[str]:
    """The lines of the Markdown tables. unrelated: rows of all scripts together."""
    yield f"| copy | words | {' | '.join(SCRIPTS)} |"
    yield f"|---|---|{'--:|' * len(SCRIPTS)}"
    found = {(script, length): found_of(script, length, copies) for script in SCRIPTS for length in LENGTHS}
    for kind in KINDS:
        for least, most in LENGTHS:
            own = (str(found[script, (least, most)][kind]) for script in SCRIPTS)
            yield f"| {kind} | {least} to {most} | {' | '.join(own)} |"
    each = unrelated // len(SCRIPTS)
    alarms = " | ".join(str(false_alarms(script, each, copies)) for script in SCRIPTS)
    yield f"| **false alarms in {each:,} unrelated rows of each** | | {alarms} |"


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--copies", type=int, default=COPIES, help=f"of each kind and length (default {COPIES})")
    parser.add_argument("--unrelated", type=int, default=100_000, help="rows of all scripts (default 100000)")
    parser.add_argument("--no-write", action="store_true", help="print only")
    args = parser.parse_args(argv)
    text = "\n".join([BEGIN, *table(args.copies, args.unrelated), END])
    print(text)
    if not args.no_write:
        pattern = re.compile(re.escape(BEGIN) + ".*" + re.escape(END), re.DOTALL)
        PAGE.write_text(pattern.sub(lambda _: text, PAGE.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
