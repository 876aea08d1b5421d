"""Answers that the golden set would not accept in form, whatever they say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pytest_ftgate.data.checks.finding import RowCheck
from pytest_ftgate.data.checks.label_counts import LabelCounts
from pytest_ftgate.data.readers.general import is_general
from pytest_ftgate.data.readers.row import DataRow
from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.answer import NoJsonError, json_of, label_of, value_at
from pytest_ftgate.graders.grade import Failure, Grade, compile_grader, grade_case
from pytest_ftgate.serve.client.reasoning import split
from pytest_ftgate.serve.response import Response

ADVICE = "use the answer format that the golden set expects"
Wrong = Callable[[str], Iterator[str]]
"""Answer -> what is wrong with its form, in words that do not repeat it."""


def format_of(goldens: LabelCounts) -> RowCheck:
    """The check: the golden sets' JSON schemas and patterns, JSON with the fields that they compare, their labels.

    General rows, which belong to no task, texts alone and calls of tools are not looked at, nor is reasoning before
    an answer.
    """
    forms = [form for spec in goldens.graders if (form := _form(spec))]
    if goldens.label_values:
        forms.append(_labels(goldens))

    def wrong(row: DataRow) -> Iterator[str]:
        if row.asked and not row.calls and not is_general(row.extras):
            _, answer = split(row.answer)
            yield from dict.fromkeys(what for form in forms for what in form(answer))

    return RowCheck("format", "error", ADVICE, wrong)


def _form(spec: Mapping[str, Any]) -> Wrong | None:
    """What a grader asks of every answer, whatever the case; None if that is nothing."""
    if spec["kind"] == "json_schema" or (spec["kind"] == "regex" and spec.get("pattern")):
        return _graded(spec)
    return _json(tuple(spec.get("fields", ()))) if spec["kind"] == "json_fields" else None


def _graded(spec: Mapping[str, Any]) -> Wrong:
    grader, case = compile_grader(spec), Case("", "")

    def wrong(answer: str) -> Iterator[str]:
        outcome = grade_case([grader], case, Response("", "", answer))
        if isinstance(outcome, Failure):
            yield f"cannot be checked by {grader.name}: it needs too long, or fails on this answer"
        elif not (isinstance(outcome, Grade) and outcome.passed):
            yield f"fails {grader.name}"

    return wrong


def _json(fields: Sequence[str]) -> Wrong:
    missing = object()

    def wrong(answer: str) -> Iterator[str]:
        try:
            found = json_of(answer)
        except NoJsonError:
            yield "not valid JSON"
            return
        if lacking := [path for path in fields if value_at(found, path, missing) is missing]:
            yield f"missing field {', '.join(lacking)}"

    return wrong


def _labels(goldens: LabelCounts) -> Wrong:
    def wrong(answer: str) -> Iterator[str]:
        if label_of(answer, goldens.label_path) not in goldens.label_values:
            yield "not one of the labels"

    return wrong
