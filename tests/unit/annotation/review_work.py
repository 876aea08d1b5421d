"""A small task for a queue."""

from __future__ import annotations

import json

from pytest_ftgate.annotation.item import Choice, Item, Task


def is_json(_item: Item, text: str) -> str:
    try:
        json.loads(text)
    except ValueError:
        return "that is no JSON"
    return ""


TASK = Task(
    "work",
    "Good?",
    (Choice("a", "accepted", "accept"), Choice("e", "edited", "edit", edits=True), Choice("r", "rejected", "reject")),
    is_json,
)


def items(number: int = 3) -> list[Item]:
    return [
        Item(f"i{n}", (("Question", f"what is {n}?"), ("Answer", f"it is {n}")), f'{{"n": {n}}}') for n in range(number)
    ]
