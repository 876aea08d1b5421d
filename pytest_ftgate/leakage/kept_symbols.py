"""(finding, golden, row) -> what is left of the finding once symbols count, which the words of the stages forget."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise

from pytest_ftgate.data.near.hit import Hit
from pytest_ftgate.data.near.normalized import Golden
from pytest_ftgate.data.near.rows import Row
from pytest_ftgate.data.near.symbols import symbols_and_words
from pytest_ftgate.data.near.text import words_of
from pytest_ftgate.leakage.common_subsequence import common_length
from pytest_ftgate.leakage.containment import LONG
from pytest_ftgate.leakage.edited import LEAK, LEAST_WORDS

_BY_WORDS = ("exact", "containment", "fuzzy", "edited")


def with_symbols(hit: Hit, golden: Golden, row: Row) -> Hit | None:
    """The finding, as it is if the golden's symbols are in the row too.

    With others it is an edited copy: of 13 words and symbols or more .8 must be the same; of fewer all but one, and it
    is a suspect; of under five nothing is left (`17*23` beside `17+23`). In another order of lines, or in half of the
    golden, only a symbol that is another between the same two words counts.
    """
    if hit.stage not in _BY_WORDS or _has_all(hit, golden, row):
        return hit
    size = len(golden.symbols)
    theirs = symbols_and_words(row.whole)
    lost = size - common_length(golden.symbols, theirs)
    if hit.stage != "exact" and not (lost := min(lost, _other_between(golden, theirs))):
        return hit
    if size >= LONG:
        return hit if size - lost >= LEAK * size else replace(hit, verdict="suspect")
    return replace(hit, verdict="suspect") if lost <= 1 and size >= LEAST_WORDS else None


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
