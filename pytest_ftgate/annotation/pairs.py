"""(answers of candidate and champion) -> items for a person, blind and in random order; decisions -> verdicts.jsonl."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pytest_ftgate.annotation.collected_answers import asked_parts
from pytest_ftgate.annotation.item import Choice, Item, Task
from pytest_ftgate.annotation.review_queue import Decision
from pytest_ftgate.annotation.sampling import drawn
from pytest_ftgate.evaluate.suite import Suite
from pytest_ftgate.files.digest import digest_of
from pytest_ftgate.golden.case import Case
from pytest_ftgate.judge.labels import answer_digest

Line = dict[str, Any]
Texts = Mapping[str, str]
QUESTION = "Which answer is better? Not the longer one, nor the better formatted: the more useful one."
CHOICES = (
    Choice("a", "first", "A is better"),
    Choice("b", "second", "B is better"),
    Choice("t", "tie", "equally good"),
)
FIRST = ("candidate", "champion")


def pair_task(suite: Suite) -> Task:
    """What a person is asked about every pair."""
    return Task(f"two models on {suite.name}", QUESTION, CHOICES)


def pair_plan(suite: Suite, candidate: Texts, champion: Texts, count: int, seed: int) -> dict[str, Any]:
    """Which cases, in which order, and which answer comes first. candidate, champion: texts by the case's id."""
    shared = [case for case in suite.cases if case.id in candidate and case.id in champion]
    rows = [_row(case, candidate[case.id], champion[case.id]) for case in shared]
    state = digest_of([suite.digest, rows])
    coins = random.Random(f"{seed}\x1ffirst\x1f{state}")  # noqa: S311 - no secret
    chosen = drawn(rows, count, seed, state, "pairs")
    return {"pool": len(rows), "rows": [row | {"first": coins.choice(FIRST)} for row in chosen]}


def pair_items(suite: Suite, candidate: Texts, champion: Texts, plan: Mapping[str, Any]) -> list[Item]:
    """An item for each pair of different answers; equal ones are a tie that nobody need be asked about."""
    cases, draw = {case.id: case for case in suite.cases}, _draw(plan)
    items = []
    for row in plan["rows"]:
        if row["candidate"] != row["champion"]:
            texts = (candidate[row["id"]], champion[row["id"]])
            a, b = texts if row["first"] == "candidate" else texts[::-1]
            shown = (*asked_parts(suite, cases[row["id"]]), ("Answer A", a), ("Answer B", b))
            items.append(Item(_item_id(row, draw), shown))
    return items


def pair_lines(plan: Mapping[str, Any], decisions: Mapping[str, Decision], by: str, seed: int) -> Iterator[Line]:
    """The lines of verdicts.jsonl: decided pairs, and pairs of equal answers."""
    draw = _draw(plan)
    for row in plan["rows"]:
        line = {key: row[key] for key in ("id", "case", "candidate", "champion")}
        planned = {"by": by, "planned": len(plan["rows"]), "draw": draw, "seed": seed}
        made = decisions.get(_item_id(row, draw))
        if row["candidate"] == row["champion"]:
            yield line | {"verdict": "tie"} | planned | {"same": True}
        elif made is not None:
            yield line | {"verdict": _side(made.value, row["first"])} | planned | {"first": row["first"], "at": made.at}


def merged(before: Sequence[Line], new: Sequence[Line], by: str, plan: Mapping[str, Any]) -> list[Line]:
    """The lines of a file with the new ones in the place of this person's earlier ones of the same draw."""
    mine = [line["by"] == by and line.get("draw") == _draw(plan) for line in before]
    place = mine.index(True) if True in mine else len(before)
    kept = [line for line, gone in zip(before, mine, strict=True) if not gone]
    return [*kept[:place], *new, *kept[place:]]


def _draw(plan: Mapping[str, Any]) -> str:
    """The same for everybody who judges the same pairs."""
    return digest_of([[row["id"], row["candidate"], row["champion"], row["first"]] for row in plan["rows"]])[:16]


def _item_id(row: Mapping[str, Any], draw: str) -> str:
    """Of the pair in this draw, as another draw may show it in the other order; tells neither model."""
    return digest_of([draw, row["case"], sorted([row["candidate"], row["champion"]])])[:20]


def _row(case: Case, candidate: str, champion: str) -> dict[str, Any]:
    answers = {"candidate": answer_digest(candidate), "champion": answer_digest(champion)}
    return {"id": case.id, "case": case.digest, **answers}


def _side(value: str, first: str) -> str:
    if value == "tie":
        return "tie"
    return first if value == "first" else FIRST[1 - FIRST.index(first)]
