"""(Case, Response) -> Grade | Unscored | Failure, by graders compiled once from their specs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pytest_ftgate.files.escape import one_line
from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.contains import Contains, ContainsAll, NotContains
from pytest_ftgate.graders.exact import Exact
from pytest_ftgate.graders.json_fields import JsonFields
from pytest_ftgate.graders.json_schema import JsonSchema, with_schema
from pytest_ftgate.graders.limited.process import raised
from pytest_ftgate.graders.llm_judge import Judge
from pytest_ftgate.graders.no_answer import no_answer
from pytest_ftgate.graders.numeric import Numeric
from pytest_ftgate.graders.one_of import OneOf
from pytest_ftgate.graders.options import build, nearest
from pytest_ftgate.graders.python import Python
from pytest_ftgate.graders.regex import Regex
from pytest_ftgate.graders.shown import shown
from pytest_ftgate.graders.tool_calls import ToolCalls
from pytest_ftgate.graders.value import (
    Failure,
    Grade,
    Grader,
    GraderError,
    Kind,
    Outcome,
    Unscored,
    outcome_from_json,
)
from pytest_ftgate.serve.response import Response

__all__ = [
    "KINDS",
    "Failure",
    "Grade",
    "Grader",
    "GraderError",
    "Outcome",
    "Unscored",
    "case_fault",
    "compile_grader",
    "grade_case",
    "outcome_from_json",
    "resolve_spec",
]

KINDS: Mapping[str, type[Kind]] = {
    made.kind: made
    for made in (
        Exact,
        Contains,
        ContainsAll,
        NotContains,
        Regex,
        OneOf,
        Numeric,
        JsonSchema,
        JsonFields,
        ToolCalls,
        Judge,
        Python,
    )
}
"""Every kind of grader by the name it has in a spec."""


def compile_grader(spec: Mapping[str, Any], folder: Path | None = None) -> Grader:
    """The grader of a spec such as {"kind": "exact", "ignore_case": true}; compile once, grade many times.

    folder: where a `file` of the spec is looked for (the golden set's folder); default: the working directory.
    Raises GraderError: an unknown kind, an unknown, missing or wrong option, a bad pattern, schema or import path.
    """
    kind = spec.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise GraderError(f"unknown grader kind {shown(kind)}; {_hint(kind)}")
    options = {name: value for name, value in resolve_spec(spec, folder).items() if name != "kind"}
    return build(KINDS[kind], options)


def _hint(kind: object) -> str:
    return nearest(str(kind), KINDS) if isinstance(kind, str) else f"known: {', '.join(KINDS)}"


def resolve_spec(spec: Mapping[str, Any], folder: Path | None = None) -> Mapping[str, Any]:
    """The spec with the content of its files in it, so that its digest covers them and no path is left.

    Raises GraderError if a file cannot be read.
    """
    return with_schema(spec, folder or Path()) if spec.get("kind") == JsonSchema.kind else spec


def case_fault(graders: Sequence[Grader], case: Case) -> str:
    """Why these graders cannot judge the case as it is written (no expected value, say); "" if they can."""
    faults = []
    for grader in graders:
        try:
            grader.check(case)
        except GraderError as error:
            faults.append(f"{grader.name}: {error}")
    return "; ".join(faults)


def grade_case(graders: Sequence[Grader], case: Case, response: Response) -> Outcome:
    """The outcome of one answer. Never raises for what a grader does.

    No grader at all is Unscored. A request that broke or ran out of time is a Failure. A cut-off and an empty answer
    are worth 0, whatever the graders; so is a tool call if no grader looks at tool calls.
    Of several graders: any Failure, else any Unscored, else the least value, passed if all passed.
    """
    if not graders:
        return Unscored("no `expected` and no grader; can be checked by a Python test", "none")
    if response.broken:
        return Failure(f"not measured: {response.error or 'the request failed'}", "request")
    if why := no_answer(response, reads_calls=any(getattr(grader, "reads_calls", False) for grader in graders)):
        return Grade(0.0, why, _names(graders), passed=False)
    outcomes = [_told(_judge(grader, case, response)) for grader in graders]
    return outcomes[0] if len(outcomes) == 1 else _joined(outcomes)


def _judge(grader: Grader, case: Case, response: Response) -> Outcome:
    try:
        return grader(case, response)
    except GraderError as error:
        return Failure(str(error), grader.name)
    except Exception as error:  # noqa: BLE001  whatever a grader raises is a failure of the grader
        return Failure(raised(error), grader.name)


def _told(outcome: Outcome) -> Outcome:
    """Its reason, which may quote the answer or a library, in one line, escaped, and without secrets."""
    reason = one_line(outcome.reason)
    return outcome if reason == outcome.reason else replace(outcome, reason=reason)


def _joined(outcomes: Sequence[Outcome]) -> Outcome:
    if failures := [outcome for outcome in outcomes if isinstance(outcome, Failure)]:
        return Failure(_reasons(failures), _joined_names(failures))
    if unscored := [outcome for outcome in outcomes if isinstance(outcome, Unscored)]:
        return Unscored(_reasons(unscored), _joined_names(unscored))
    return _least([outcome for outcome in outcomes if isinstance(outcome, Grade)])


def _least(grades: Sequence[Grade]) -> Grade:
    missed = [grade for grade in grades if not grade.passed]
    return Grade(min(grade.value for grade in grades), _reasons(missed or grades), _joined_names(grades), not missed)


def _reasons(outcomes: Sequence[Outcome]) -> str:
    return "; ".join(f"{outcome.grader}: {outcome.reason}" for outcome in outcomes)


def _joined_names(outcomes: Sequence[Outcome]) -> str:
    return " + ".join(outcome.grader for outcome in outcomes)


def _names(graders: Sequence[Grader]) -> str:
    return " + ".join(grader.name for grader in graders)
