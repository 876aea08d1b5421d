"""(finding, golden, row) -> what is left of the finding once symbols count, which the words of the stages forget."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from difflib import SequenceMatcher
from itertools import pairwise

from pytest_ftgate.data.near.hit import Hit
from pytest_ftgate.data.near.normalized import Golden, Words
from pytest_ftgate.data.near.rows import Row
from pytest_ftgate.data.near.symbols import symbols_and_words, written
from pytest_ftgate.data.near.text import words_of
from pytest_ftgate.leakage.common_subsequence import common_length
from pytest_ftgate.leakage.containment import LONG
from pytest_ftgate.leakage.edited import LEAK, LEAST_WORDS, STAGE

MOST, SHOWN = 2000, 3
"""Words of a row that are searched for what differs, and differences that are shown."""
_BY_WORDS = ("exact", "containment", "fuzzy", "edited")


def with_symbols(hit: Hit, golden: Golden, row: Row) -> Hit | None:
    """The finding, as it is if the golden's symbols are in the row too.

    With others it is an edited copy, whose score is the share of words and symbols that are the same: of 13 or more .8
    must be; of fewer all but one, and it is a suspect; of under five nothing is left (`17*23` beside `17+23`). In
    another order of lines, or in half of the golden, only a symbol that is another between the same two words counts.
    """
    if hit.stage not in _BY_WORDS or _has_all(hit, golden, row):
        return hit
    size, symbols = len(golden.symbols), symbols_and_words(row.whole)
    lost = size - common_length(golden.symbols, symbols)
    if hit.stage != "exact" and not (lost := min(lost, _other_between(golden, symbols))):
        return hit
    if size < LONG and (lost > 1 or size < LEAST_WORDS):
        return None
    verdict = hit.verdict if size >= LONG and size - lost >= LEAK * size else "suspect"
    if verdict == hit.verdict and hit.stage != "exact":
        return hit
    differs = _differs(golden.symbols, symbols)
    return replace(hit, stage=STAGE, verdict=verdict, score=(size - lost) / size, differs=differs)


def _differs(golden: Words, row: Words) -> str:
    """The first places at which the row has something else, in a row that may be longer on both sides."""
    steps = SequenceMatcher(None, golden, row[:MOST], autojunk=False).get_opcodes()
    changed = [(golden[a:b], row[c:d][: b - a + 1]) for kind, a, b, c, d in steps if kind in ("replace", "delete")]
    return ", ".join(f"{written(one)} is {written(other) or 'missing'}" for one, other in changed[:SHOWN])


def _has_all(hit: Hit, golden: Golden, row: Row) -> bool:
    if hit.stage == "exact":
        same = [text for text in (row.question, *row.other_questions) if words_of(text) == golden.question]
        if same:
            return any(symbols_and_words(text) == golden.symbols for text in same)
        return Counter(golden.symbols) <= Counter(
            symbols_and_words(row.whole)
        )  # a prompt may put parts in another order
    if golden.symbols == golden.question:
        return True
    return common_length(golden.symbols, symbols_and_words(row.whole)) == len(golden.symbols)


def _other_between(golden: Golden, row: tuple[str, ...]) -> int:
    """How many of the golden's symbols do not stand in the row between the words, one or two, that they are between.

    One of whose words the row has not is no part of what was found.
    """
    known, text, lost = set(row), f" {' '.join(row)} ", 0
    plain = set(golden.question)
    words = [place for place, token in enumerate(golden.symbols) if token in plain]
    for before, after in pairwise([-1, *words, len(golden.symbols)]):
        around = golden.symbols[max(0, before) : after + 1]
        beside = [token for token in around if token in plain]
        if after - before > 1 and known.issuperset(beside) and f" {' '.join(around)} " not in text:
            lost += after - before - 1
    return lost
