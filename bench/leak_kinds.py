"""`python -m bench.leak_kinds`: copies of golden cases by kind, script and length; unrelated rows -> tables in docs."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from bench.script_texts import SCRIPTS, Texts, Words
from pytest_ftgate.data.near.hit import Verdict
from pytest_ftgate.data.near.rows import Row
from pytest_ftgate.golden.case import Case, Prompt
from pytest_ftgate.leakage.check import Scan

PAGE = Path(__file__).parents[1] / "docs" / "explanation" / "leakage.md"
BEGIN, END = "<!-- kinds: begin (written by `make bench-leakage`) -->", "<!-- kinds: end -->"
LENGTHS = ((5, 12), (13, 29), (30, 120))
"""Words of a golden, both ends included."""
UNRELATED_WORDS = (5, 200)
COPIES, EDITED_COPIES, UNRELATED = 100, 400, 10_000
PROMPT = Prompt(
    system="You are a careful assistant.", template="Say what this message asks for.\n\n{{ text }}\n\nAnswer:"
)

Data = Mapping[str, Any]


def _row(texts: Texts, words: Words) -> Data:
    return {"input": texts.text(words), "expected": texts.text(texts.words(3, 8))}


def _other_keys(texts: Texts, words: Words) -> Data:
    return {"utterance": texts.text(words), "reply": texts.text(texts.words(3, 8))}


def _wrapped(texts: Texts, words: Words) -> Data:
    asked = (PROMPT.template or "").replace("{{ text }}", texts.text(words))
    said = (("system", PROMPT.system), ("user", asked), ("assistant", texts.text(texts.words(3, 8))))
    return {"messages": [{"role": role, "content": content} for role, content in said]}


def _edited_inside(texts: Texts, words: Words) -> Data:
    return _row(texts, texts.inside(texts.edited(words)))


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
        "three sentences reordered": lambda texts, words: _row(texts, texts.reordered(words)),
        "translated or paraphrased": _translated,
    }
)
"""Edited copies inside other text, the hardest that are to be found, have more copies and a table of their own."""


class Found(NamedTuple):
    """Of the copies so many are found as leaks and as suspects."""

    leaks: int
    suspects: int

    def __str__(self) -> str:
        return f"{self.leaks} + {self.suspects}" if self.suspects else str(self.leaks)


def found_of(script: str, length: tuple[int, int], copies: int = COPIES) -> dict[str, Found]:
    """By kind."""
    texts, goldens, scan = _case_set(script, length, copies)
    return {kind: _found(scan, [copy(texts, words) for words in goldens]) for kind, copy in KINDS.items()}


def edited_inside(script: str, length: tuple[int, int], copies: int = EDITED_COPIES) -> Found:
    """Copies with one word in twenty changed, anywhere in other text."""
    texts, goldens, scan = _case_set(script, length, copies)
    return _found(scan, [_edited_inside(texts, words) for words in goldens])


def _case_set(script: str, length: tuple[int, int], size: int) -> tuple[Texts, list[Words], Scan]:
    texts = Texts(script, seed=length[0])
    goldens = [texts.words(*length) for _ in range(size)]
    return texts, goldens, _scan(texts, goldens)


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


def false_alarms(script: str, unrelated: int, copies: int = COPIES, seed: int = 0) -> Found:
    """Findings in so many unrelated rows of 5 to 200 words, of goldens of all lengths."""
    texts = Texts(script, seed)
    scan = _scan(texts, [texts.words(*length) for length in LENGTHS for _ in range(copies)])
    report = scan.report(Row("rows", line, _row(texts, texts.words(*UNRELATED_WORDS))) for line in range(unrelated))
    return Found(len(report.leaks), len(report.suspects))


def by_kind(copies: int) -> Iterator[str]:
    """The lines of a Markdown table."""
    yield f"| copy | words | {' | '.join(SCRIPTS)} |"
    yield f"|---|---|{'--:|' * len(SCRIPTS)}"
    found = {(script, length): found_of(script, length, copies) for script in SCRIPTS for length in LENGTHS}
    for kind in KINDS:
        for least, most in LENGTHS:
            own = (str(found[script, (least, most)][kind]) for script in SCRIPTS)
            yield f"| {kind} | {least} to {most} | {' | '.join(own)} |"


def by_script(copies: int, unrelated: int) -> Iterator[str]:
    """The lines of a Markdown table: per cent of edited copies inside other text; findings in unrelated rows."""
    yield f"| script | {' | '.join(f'{least} to {most} words' for least, most in LENGTHS)} | in unrelated rows |"
    yield f"|---|{'--:|' * len(LENGTHS)}--:|"
    for script in SCRIPTS:
        found = (edited_inside(script, length, copies) for length in LENGTHS)
        shares = (f"{each.leaks / copies:.1%} / {sum(each) / copies:.1%}" for each in found)
        yield f"| {script} | {' | '.join(shares)} | {false_alarms(script, unrelated)} |"


def tables(copies: int, edited: int, unrelated: int) -> Iterator[str]:
    """The lines of both tables, and of what their figures are."""
    yield f"Of {copies} copies of each kind, length and script so many are found: as leaks + as suspects."
    yield ""
    yield from by_kind(copies)
    yield ""
    yield f"Of {edited} copies with one word in twenty changed, gone or added, pasted into other text, so many are"
    yield f"leaks / leaks or suspects; last, leaks + suspects found in {unrelated:,} unrelated rows of each script."
    yield ""
    yield from by_script(edited, unrelated)


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--copies", type=int, default=COPIES, help=f"of each kind and length (default {COPIES})")
    parser.add_argument("--edited", type=int, default=EDITED_COPIES, help=f"edited copies (default {EDITED_COPIES})")
    parser.add_argument("--unrelated", type=int, default=UNRELATED, help=f"rows of each script (default {UNRELATED})")
    parser.add_argument("--no-write", action="store_true", help="print only")
    args = parser.parse_args(argv)
    text = "\n".join([BEGIN, *tables(args.copies, args.edited, args.unrelated), END])
    print(text)
    if not args.no_write:
        pattern = re.compile(re.escape(BEGIN) + ".*" + re.escape(END), re.DOTALL)
        PAGE.write_text(pattern.sub(lambda _: text, PAGE.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
