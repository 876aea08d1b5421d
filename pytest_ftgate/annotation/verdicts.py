"""(verdicts.jsonl, answers of two models) -> Blind: which answers people preferred, for the gate check `human`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pytest_ftgate.errors import Fault, FileFaults
from pytest_ftgate.files.jsonl import parse_lines
from pytest_ftgate.files.schema import check
from pytest_ftgate.files.text import read_text, shown

FILE = "verdicts.jsonl"
SCHEMA = "verdict"
Side = Literal["candidate", "champion", "tie"]
WORTH: Mapping[str, int] = {"candidate": 1, "tie": 0, "champion": -1}


class Asked(NamedTuple):
    """What a verdict is about, all as digests of 64 hex digits: the case, and `labels.answer_digest` of each answer."""

    case: str
    candidate: str
    champion: str


@dataclass(frozen=True, slots=True)
class PairVerdict:
    """One line. planned: cases drawn before the first verdict. same: both answers were one text. draw: which draw of
    cases it belongs to. seed: of that draw. line: 1-based.
    """

    id: str
    asked: Asked
    verdict: Side
    by: str
    planned: int
    same: bool = False
    draw: str = ""
    seed: int = 0
    line: int = 0


@dataclass(frozen=True, slots=True)
class Blind:
    """Verdicts on this candidate against this champion, one a case, in the order of the file.

    values: 1 the candidate's answer is better, -1 the champion's, 0 a tie, by the majority of people. planned: how
    many cases were drawn for them; fewer values than that decide nothing, or a person could stop while ahead.
    same: how many of the values stand for two equal answers. by: who judged. ids: of the cases, as the values.
    seed: of their draw.
    """

    values: tuple[int, ...] = ()
    planned: int = 0
    same: int = 0
    by: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    seed: int = 0

    @property
    def by_case(self) -> dict[str, int]:
        """The values by the case's id."""
        return dict(zip(self.ids, self.values, strict=True))

    @property
    def complete(self) -> bool:
        """Whether every case that was drawn has its verdict."""
        return 0 < self.planned <= len(self.values)

    def differences(self, unanswered: Iterable[str]) -> dict[str, int]:
        """The values by case, and -1 for each that the candidate left unanswered; none while they are not complete."""
        return {**self.by_case, **dict.fromkeys(unanswered, -1)} if self.complete else {}


def read_verdicts(path: Path) -> tuple[PairVerdict, ...]:
    """All verdicts of a file, in its order; () if there is no file. Raises FileFaults with every fault."""
    if not path.exists():
        return ()
    read: list[PairVerdict | Fault] = []
    for entry in parse_lines(read_text(path), shown(path)):
        read += [entry] if isinstance(entry, Fault) else _verdict(*entry, shown(path))
    if faults := [row for row in read if isinstance(row, Fault)]:
        raise FileFaults(faults)
    return tuple(row for row in read if isinstance(row, PairVerdict))


def blind(verdicts: Iterable[PairVerdict], asked: Mapping[str, Asked], least: int = 1) -> Blind:
    """The verdicts that are about these very answers to these very cases; a verdict on any other is void.

    asked: by the case's id. Of one person's verdicts on one case the last stands. Draws are not mixed, as the cases on
    which an earlier candidate gave the same answer are no random ones. least: a draw of fewer cases was a trial, and is
    as if it were not there. Of the others the first that was begun counts, complete or not, so that nobody draws until
    the people are kind; one with a void verdict was about other answers, and counts only if it is complete all the
    same. Without any, the one with most verdicts tells how far they are.
    """
    draws: dict[str, list[PairVerdict]] = defaultdict(list)
    void = set()
    for each in verdicts:
        if asked.get(each.id) != each.asked:
            void.add(each.draw)
        elif each.planned >= least:
            draws[each.draw].append(each)
    counted = {draw: _counted(each) for draw, each in draws.items()}
    begun = (each for draw, each in counted.items() if each.complete or draw not in void)
    return next(begun, max(counted.values(), key=lambda each: len(each.values), default=Blind()))


def _counted(verdicts: Iterable[PairVerdict]) -> Blind:
    """Those of one draw."""
    kept = {(each.id, each.by): each for each in verdicts}
    votes: dict[str, list[PairVerdict]] = defaultdict(list)
    for each in kept.values():
        votes[each.id].append(each)
    values = tuple(_sign(sum(WORTH[each.verdict] for each in cast)) for cast in votes.values())
    planned = max((each.planned for each in kept.values()), default=0)
    same = sum(all(each.same for each in cast) for cast in votes.values())
    people = dict.fromkeys(each.by for each in kept.values() if not each.same)
    seed = max((each.seed for each in kept.values()), default=0)
    return Blind(values, planned, same, tuple(people), tuple(votes), seed)


def _verdict(line: int, data: Any, path: str) -> list[PairVerdict | Fault]:
    if faults := check(data, SCHEMA, path, lambda _keys: line):
        return list(faults)
    asked = Asked(data["case"], data["candidate"], data["champion"])
    said = (
        data["verdict"],
        data["by"],
        data["planned"],
        data.get("same", False),
        data.get("draw", ""),
        data.get("seed", 0),
    )
    return [PairVerdict(data["id"], asked, *said, line=line)]


def _sign(value: int) -> int:
    return (value > 0) - (value < 0)
