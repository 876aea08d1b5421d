"""DataRow -> what duplicates share; two of these -> how near they are."""

from __future__ import annotations

import json
from typing import Literal, NamedTuple

from pytest_ftgate.data.near.gram_codes import gram_codes, jaccard_of_codes, spaced, without
from pytest_ftgate.data.near.near_pairs_within import is_long_enough
from pytest_ftgate.data.near.rolling_hash import Hashes
from pytest_ftgate.data.readers.normalize import exact, exact_digest, normal
from pytest_ftgate.data.readers.row import DataRow

By = Literal["row", "question"]
"""What duplicates share: question and answer, or the question alone."""


SPELLING = 1 - 2**-20
"""Similarity of rows whose long answers differ in case or white space alone: near, and not equal."""


class Parts(NamedTuple):
    """A row as it is compared: normalised, a character of a script without spaces being a word.

    answer, rejected: one under five words is as it is written, since it must be equal. spelt: stands for both as
    written.
    apart: what must be equal, whatever else is near: system turns, tools, turns that are not learnt, and whether people
    wanted the answer.
    """

    question: str
    answer: str = ""
    rejected: str = ""
    apart: str = ""
    spelt: str = ""

    @property
    def text(self) -> str:
        """Question and answers."""
        return " ".join(filter(None, self[:3]))


def parts_of(row: DataRow, by: By) -> Parts:
    """With `by` "question" nothing else of the row is compared; a text alone is its own question."""
    if by == "question":
        return Parts(_plain(row.question))
    if not row.asked:
        return Parts(_plain(row.answer), spelt=_spelt(row.answer))
    system = [str(turn["content"]) for turn in row.asked if turn["role"] == "system"]
    tools = [json.dumps(tool, sort_keys=True, default=str) for tool in row.tools]
    wanted = f"{row.desired} {sorted(row.context)}"
    answer, rejected = "\n".join(filter(None, (row.reasoning, row.answered))), row.rejected or ""
    return Parts(
        _plain(row.question),
        _answer(answer),
        _answer(rejected),
        _plain("\n".join((*system, *tools, wanted))),
        _spelt(answer, rejected),
    )


def _plain(text: str) -> str:
    return spaced(normal(text))


def _answer(text: str) -> str:
    plain = _plain(text)
    return plain if is_long_enough(plain) else exact(text)


def _spelt(*texts: str) -> str:
    return exact_digest(*map(exact, texts)).hex()


def similarity(one: Parts, other: Parts, templates: Hashes) -> float:
    """The least of the Jaccard indices of question, answer and rejected answer, in [0, 1]; 0 for swapped answers."""
    if one.apart != other.apart or _are_swapped(one, other):
        return 0.0
    score = 1.0 if one.spelt == other.spelt else SPELLING
    for mine, its in zip(one[2::-1], other[2::-1], strict=True):
        score = min(score, _index(mine, its, templates))
        if not score:
            break
    return score


def _are_swapped(one: Parts, other: Parts) -> bool:
    """Whether one row prefers what the other rejects."""
    return one.answer != one.rejected and (one.answer, one.rejected) == (other.rejected, other.answer)


def _index(one: str, other: str, templates: Hashes) -> float:
    """1 for equal texts; 0 for others if one has under five words."""
    if one == other:
        return 1.0
    if not (is_long_enough(one) and is_long_enough(other)):
        return 0.0
    return jaccard_of_codes(without(gram_codes(one), templates), without(gram_codes(other), templates))
