"""Votes of several repeats and judges on one question -> one Verdict, with how far they agreed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import fmean

from pytest_ftgate.judge.parse import BETTER, Verdict
from pytest_ftgate.judge.prompt import CHOICES, TIE
from pytest_ftgate.judge.rubric import Rubric


def joined(votes: Sequence[Verdict], rubric: Rubric, join: str, *, pair: bool = False) -> Verdict:
    """The verdict of one or more votes.

    levels: what most say; where as many say one as another, the worse level, and for a pair a tie. value: "majority":
    what these levels are worth; "mean": the mean of all votes. agreement: mean share of votes that say what most say.
    reasons: of a vote that says so.
    """
    if len(votes) == 1:
        return votes[0]
    names = list(votes[0].levels)
    orders = {BETTER: CHOICES} if pair else {each.name: each.levels for each in rubric.criteria}
    levels = {name: _most(votes, name, orders[name], pair=pair) for name in names}
    reasons = {name: _reason(votes, name, levels[name]) for name in names}
    agreement = fmean(sum(vote[name] == levels[name] for vote in votes) / len(votes) for name in names)
    return Verdict(levels, reasons, _value(votes, levels, rubric, join, pair=pair), agreement)


def _most(votes: Sequence[Verdict], name: str, order: Sequence[str], *, pair: bool) -> str:
    counts = Counter(vote[name] for vote in votes)
    most = max(counts.values())
    first = [level for level in order if counts[level] == most]
    return TIE if pair and len(first) > 1 else first[0]


def _reason(votes: Sequence[Verdict], name: str, level: str) -> str:
    said = [vote.reasons[name] for vote in votes if vote[name] == level]
    return said[0] if said else "tied votes"


def _value(votes: Sequence[Verdict], levels: dict[str, str], rubric: Rubric, join: str, *, pair: bool) -> float:
    if join == "mean":
        return fmean(vote.value for vote in votes)
    return {"first": 1.0, "second": 0.0, TIE: 0.5}[levels[BETTER]] if pair else rubric.value(levels)
