"""row_of: preferences whose question stands in more than one place."""

from __future__ import annotations

import pytest

from pytest_ftgate.data.readers.record import Record
from pytest_ftgate.data.readers.row import DataRow
from pytest_ftgate.data.readers.shapes import row_of


def said(*turns: tuple[str, str]) -> list[dict[str, str]]:
    return [{"role": role, "content": content} for role, content in turns]


def read(prompt: object, *before: tuple[str, str]) -> object:
    chosen, rejected = (said(*before, ("assistant", answer)) for answer in ("a", "b"))
    return row_of(Record("t.jsonl", 7, {"prompt": prompt, "chosen": chosen, "rejected": rejected}))


@pytest.mark.parametrize(
    ("prompt", "before"),
    [
        ("q", [("user", "q")]),
        (" q\n", [("system", "s"), ("user", "q")]),
        ("q", [("user", "q"), ("assistant", "x"), ("user", "r")]),
        ("r", [("user", "q"), ("assistant", "x"), ("user", "r")]),
        (said(("system", "s"), ("user", "q")), [("system", "s"), ("user", "q")]),
        (said(("user", "q")), [("developer", "s"), ("user", "q")]),
    ],
)
def test_a_prompt_that_is_repeated_is_the_same(prompt, before):
    found = read(prompt, *before)
    assert isinstance(found, DataRow), found
    assert len(found.asked) == len(before)
    assert found.unused == ()


@pytest.mark.parametrize(
    ("prompt", "before"),
    [
        ("other", [("user", "q")]),
        (said(("system", "s"), ("user", "q")), [("user", "q")]),
        (said(("user", "q"), ("assistant", "x"), ("user", "r")), [("user", "r")]),
    ],
)
def test_another_prompt_is_a_fault(prompt, before):
    assert "'prompt' is not what chosen and rejected repeat" in str(read(prompt, *before))


def test_developer_begins_a_whole_conversation():
    found = read("q", ("developer", "s"), ("user", "q"))
    assert isinstance(found, DataRow), found
    assert found.asked[0] == {"role": "system", "content": "s"}
