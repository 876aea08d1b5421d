"""DataRow -> what duplicates share; two of these -> how near they are."""

from __future__ import annotations

import json
from typing import Literal, NamedTuple

from pytest_ftgate.data.near.gram_codes import gram_codes, jaccard_of_codes, spaced, without
from pytest_ftgate.data.near.near_pairs_within import is_long_enough
from pytest_ftgate.data.near.rolling_hash import Hashes
from pytest_ftgate.data.readers.normalize import normal
from pytest_ftgate.data.readers.row import DataRow

By = Literal["row", "question"]
"""What duplicates share: question and answer, or the question alone."""


class Parts(NamedTuple):
    """A row as it is compared: normalised, a character of a script without spaces being a word.

    apart: what must be equal, whatever else is near: system turns, tools, turns that are not learnt, and whether people
    wanted the answer.
    """

    question: str
    answer: str
    apart: str

    @property
    def text(self) -> str:
        """Question and answer."""
        return f"{self.question} {self.answer}".strip()


def parts_of(row: DataRow, by: By) -> Parts:
    """With `by` "question" nothing else of the row is compared; a text alone is its own question."""
    if by == "question":
        return Parts(_plain(row.question), "", "")
    if not row.asked:
        return Parts(_plain(row.answer), "", "")
    system = [str(turn["content"]) for turn in row.asked if turn["role"] == "system"]
    tools = [json.dumps(tool, sort_keys=True, default=str) for tool in row.tools]
    wanted = f"{row.desired} {sorted(row.context)}"
    answer = filter(None, (row.reasoning, row.answered, row.rejected))
    return Parts(_plain(row.question), _plain("\n".join(answer)), _plain("\n".join((*system, *tools, wanted))))


def _plain(text: str) -> str:
    return spaced(normal(text))


def similarity(one: Parts, other: Parts, templates: Hashes) -> float:
    """The lesser of the two Jaccard indices, of question and answer, in [0, 1]."""
    if one.apart != other.apart:
        return 0.0
    answers = _index(one.answer, other.answer, templates)
    return min(answers, _index(one.question, other.question, templates)) if answers else 0.0


def _index(one: str, other: str, templates: Hashes) -> float:
    """1 for equal texts; 0 for others if one has under five words."""
    if one == other:
        return 1.0
    if not (is_long_enough(one) and is_long_enough(other)):
        return 0.0
    return jaccard_of_codes(without(gram_codes(one), templates), without(gram_codes(other), templates))
