"""Which column is asked and which is expected; what is not certain is not guessed."""

from __future__ import annotations

import pytest

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.pipeline.starting.columns import (
    AmbiguousError,
    Mapped,
    check_named,
    columns_of,
    guessed,
    possible_slices,
    unused,
)

NOTHING = Mapped()


def mapped(row: dict[str, object], given: Mapped = NOTHING) -> Mapped:
    return guessed(columns_of([row]), given)


@pytest.mark.parametrize(
    ("row", "asked", "expected"),
    [
        ({"text": "a", "label": "b"}, "text", "label"),
        ({"Label": "b", "Text": "a", "id": "1"}, "Text", "Label"),
        ({"question": "a", "gold": "b", "split": "train"}, "question", "gold"),
        ({"Frage": "a", "label": "b"}, "Frage", "label"),
        ({"text": "a", "Thema": "b"}, "text", "Thema"),
        ({"mail": "a", "order": {"city": "Rome"}, "channel": "web"}, "mail", "order"),
        ({"mail": "a", "order": '{"city": "Rome"}', "channel": "web"}, "mail", "order"),
        ({"text": "a", "source": "web", "label": "b"}, "text", "label"),
    ],
)
def test_names_that_leave_no_doubt_are_taken(row, asked, expected):
    assert mapped(row) == Mapped((asked,), expected)


@pytest.mark.parametrize(
    ("row", "role", "choices"),
    [
        ({"text": "a", "question": "b", "label": "c"}, "input", ("text", "question")),
        ({"a": "1", "b": "2"}, "input", ("a", "b")),
        ({"text": "a", "label": "b", "category": "c"}, "expected", ("label", "category")),
        ({"text": "a", "team": "b", "lang": "c"}, "expected", ("team", "lang")),
        ({"text": "a"}, "expected", ()),
    ],
)
def test_doubt_is_an_error_that_names_columns_and_flag(row, role, choices):
    with pytest.raises(AmbiguousError, match=f"say which: --{role} COLUMN") as raised:
        mapped(row)
    assert (raised.value.role, raised.value.choices) == (role, choices)
    assert all(name in str(raised.value) for name in row)


def test_what_is_given_is_taken_and_only_the_rest_guessed():
    row = {"text": "a", "question": "b", "label": "c", "lang": "en"}
    assert mapped(row, Mapped(("question",), slices=("lang",))) == Mapped(("question",), "label", ("lang",))


def test_columns_that_are_not_there_are_named_with_those_that_are():
    columns = columns_of([{"text": "a long text " * 9, "label": "b"}])
    with pytest.raises(FtgateError, match=r"--expected class: no such column; found text \('a long"):
        check_named(columns, Mapped(("text",), "class"))
    with pytest.raises(FtgateError, match="named twice"):
        check_named(columns, Mapped(("text",), "text"))


MESSAGES = {"message": "a", "label": "b", "lang": "c"}


@pytest.mark.parametrize(("name", "role"), [("message", "questions"), ("label", "right answers")])
def test_a_slice_that_is_asked_or_expected_by_its_name_alone(name, role):
    with pytest.raises(FtgateError, match=f"--slice {name}: this column holds the {role}"):
        mapped(MESSAGES, Mapped(slices=(name,)))


@pytest.mark.parametrize("name", ["message", "lang"])
def test_a_slice_that_was_named_for_something_else(name):
    given = Mapped(("message",), "lang", (name,))
    with pytest.raises(FtgateError, match=f"--slice {name}: this column holds the "):
        check_named(columns_of([MESSAGES]), given)


def test_a_slice_that_could_be_asked_or_expected_leaves_no_doubt():
    row = {"message": "a", "user": "b", "label": "c", "topic": "d"}
    given = Mapped(slices=("user", "topic"))
    assert mapped(row, given) == Mapped(("message",), "label", ("user", "topic"))


def test_unused_columns_of_few_values_could_be_slices():
    rows = [{"text": str(i), "label": "x", "lang": "en" if i % 2 else "de", "when": str(i), "id": i} for i in range(50)]
    columns, given = columns_of(rows), Mapped(("text",), "label")
    assert unused(columns, given) == ("lang", "when")
    assert possible_slices(columns, given) == ("lang",)
