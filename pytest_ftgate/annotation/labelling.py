"""(answers, criteria) -> items for a person, blind to the models; the person's decisions -> lines of labels.jsonl."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_ftgate.annotation.collected_answers import Given, asked_parts
from pytest_ftgate.annotation.item import TAKEN, Choice, Item, Task
from pytest_ftgate.annotation.review_queue import Decision
from pytest_ftgate.annotation.sampling import drawn
from pytest_ftgate.errors import FtgateError
from pytest_ftgate.evaluate.suite import Suite
from pytest_ftgate.files.digest import digest_of
from pytest_ftgate.judge.labels import judged_key
from pytest_ftgate.judge.rubric import Criterion as Rubric

SKIPPED = "(cannot say)"
SKIP_KEY = "s"
Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Criterion:
    """What is asked about an answer. name: "" if it is the only thing. anchors: what each class means, "" if plain."""

    name: str
    question: str
    classes: tuple[str, ...]
    anchors: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.classes) < 2 or len(set(self.classes)) < len(self.classes):
            raise FtgateError(f"two or more classes are required; found {', '.join(self.classes) or 'none'}")


def of_rubric(criteria: Sequence[Rubric], name: str) -> Criterion:
    """What the judge is asked, for a person; its labels name the criterion only if the rubric has several.

    Raises FtgateError if `name` is none of them, or is needed.
    """
    known = {each.name: each for each in criteria}
    if name not in known and (name or len(known) > 1):
        found = f"{name!r} is not a criterion of" if name else "choose a criterion of"
        raise FtgateError(f"{found} the rubric: --criterion {' | '.join(known)}")
    asked = known[name] if name else criteria[0]
    anchors = tuple(f"{level}: {told}" for level, told in zip(asked.levels, asked.anchors, strict=False))
    return Criterion(asked.name if len(known) > 1 else "", asked.question, asked.levels, anchors)


def label_task(suite: Suite, criterion: Criterion) -> Task:
    """What a person is asked about every answer."""
    anchors = criterion.anchors or criterion.classes
    keys = keys_of_classes(criterion.classes, frozenset(SKIP_KEY))
    choices = [Choice(key, each, told) for key, each, told in zip(keys, criterion.classes, anchors, strict=True)]
    title = f"labels of {suite.name}" + (f": {criterion.name}" if criterion.name else "")
    return Task(title, criterion.question, (*choices, Choice(SKIP_KEY, SKIPPED, "cannot say")))


def label_items(suite: Suite, answers: Iterable[Given], criterion: Criterion) -> dict[str, Item]:
    """An item for each answer by the key that its label will have; nothing in it tells the model."""
    found = {}
    for each in answers:
        key = judged_key(each.case.digest, each.answer, criterion.name)
        found[key] = Item(key, (*asked_parts(suite, each.case), ("Answer", each.text)))
    return found


def label_plan(pool: Sequence[Given], rare: Sequence[Given], sizes: tuple[int, int], seed: int) -> dict[str, Any]:
    """Which answers, in which order.

    sizes: how many are drawn at random from the pool, and how many more from `rare`, which are picked and so marked.
    The two are mixed, so that a person cannot tell which is which.
    """
    keys = [_row(each) for each in pool]
    state = digest_of([[each["case"], each["answer"]] for each in keys])
    at_random = drawn(keys, sizes[0], seed, state, "random")
    taken = {(each["case"], each["answer"]) for each in at_random}
    others = [row for row in map(_row, rare) if (row["case"], row["answer"]) not in taken]
    picked = drawn(others, sizes[1], seed, state, "rare")
    rows = [each | {"random": True} for each in at_random] + [each | {"random": False} for each in picked]
    return {"pool": len(pool), "rows": drawn(rows, len(rows), seed, state, "order")}


def label_lines(
    plans: Iterable[Mapping[str, Any]], decisions: Mapping[str, Decision], criterion: Criterion
) -> Iterator[Line]:
    """The lines of labels.jsonl for all decisions but those to say nothing, in their order."""
    rows: dict[str, Mapping[str, Any]] = {}
    for plan in plans:
        for row in plan["rows"]:
            key = judged_key(row["case"], row["answer"], criterion.name)
            if not rows.get(key, {}).get("random"):
                rows[key] = row
    for key, made in decisions.items():
        if key in rows and made.value != SKIPPED:
            yield _line(rows[key], made, criterion)


def merged(before: Iterable[Line], new: Sequence[Line], by: str, decided: Iterable[str]) -> list[Line]:
    """The lines of a file without this person's earlier ones on what was decided or taken back here, then the new."""
    gone = set(decided)
    kept = [line for line in before if line["by"] != by or _key(line) not in gone]
    return [*kept, *new]


def _line(row: Mapping[str, Any], made: Decision, criterion: Criterion) -> Line:
    line = {"id": row["id"], "label": made.value, "by": made.by, "case": row["case"], "answer": row["answer"]}
    named = {"criterion": criterion.name} if criterion.name else {}
    return line | named | {"random": row["random"], "at": made.at}


def _key(line: Line) -> str:
    return judged_key(line["case"], line["answer"], line.get("criterion", ""))


def _row(each: Given) -> dict[str, Any]:
    return {"id": each.case.id, "case": each.case.digest, "answer": each.answer}


def keys_of_classes(classes: Sequence[str], taken: frozenset[str]) -> list[str]:
    """One letter or digit for each class: its own first that is free. taken: keys of other choices.

    Raises FtgateError for more classes than keys.
    """
    free = [each for each in "abcdefghijklmnopqrstuvwxyz0123456789" if each not in TAKEN | taken]
    if len(classes) > len(free):
        raise FtgateError(f"too many classes for one key each: {len(classes)}, at most {len(free)}")
    keys: list[str] = []
    for name in classes:
        wanted = [each for each in name.lower() if each in free]
        keys.append(next((each for each in [*wanted, *free] if each not in keys), ""))
    return keys
