"""texts, answers: rows that lost their answer, and preferences that prefer nothing."""

from __future__ import annotations

import pytest

from pytest_ftgate.data.checks.all_checks import every_check
from pytest_ftgate.data.checks.label_counts import LabelCounts
from pytest_ftgate.data.checks.run import inspect
from pytest_ftgate.data.readers.record import Record
from pytest_ftgate.data.readers.shapes import row_of

PAIR = {"prompt": "q", "completion": "a"}


def outcome(name, rows, goldens=None):
    checks = [check for check in every_check(goldens=goldens) if check.name == name]
    read = [row_of(Record("t.jsonl", number, data)) for number, data in enumerate(rows, 1)]
    return inspect(read, checks).outcomes[1]


@pytest.mark.parametrize(("goldens", "level"), [(None, "warning"), (LabelCounts(), "error")])
def test_texts_among_rows_with_answers_are_told_with_counts(goldens, level):
    found = outcome("texts", [PAIR, {"text": "t"}, PAIR, {"text": "u"}], goldens)
    assert (found.level, str(found.first[0])) == (level, "t.jsonl:2 (2 texts alone beside 2 rows with an answer)")


@pytest.mark.parametrize("rows", [[PAIR, PAIR], [{"text": "t"}, {"text": "u"}]])
def test_one_kind_alone_is_fine(rows):
    assert outcome("texts", rows, LabelCounts()).level == "ok"


@pytest.mark.parametrize(
    ("rejected", "said"), [("a", "chosen and rejected are the same"), (" ", "rejected is empty"), ("b", "")]
)
def test_a_preference_needs_two_different_answers(rejected, said):
    found = outcome("answers", [{"prompt": "q", "chosen": "a ", "rejected": rejected}])
    assert found.level == ("error" if said else "ok")
    assert said in "".join(map(str, found.first))
