"""(Case, Response) -> Grade | Unscored | Failure, by graders compiled once from their specs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pytest_ftgate.files.escape import one_line
from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.all_of import AllOf
from pytest_ftgate.graders.any_of import AnyOf
from pytest_ftgate.graders.bleu import Bleu
from pytest_ftgate.graders.chrf import Chrf
from pytest_ftgate.graders.code import Code
from pytest_ftgate.graders.contains import Contains, ContainsAll, NotContains, StartsWith
from pytest_ftgate.graders.each_turn import EachTurn
from pytest_ftgate.graders.edit_similarity import EditSimilarity
from pytest_ftgate.graders.exact import Exact
from pytest_ftgate.graders.group import Group
from pytest_ftgate.graders.html import Html
from pytest_ftgate.graders.join import case_fault, joined, outcome_of, reads_calls
from pytest_ftgate.graders.json_fields import JsonFields
from pytest_ftgate.graders.json_schema import JsonSchema, with_schema
from pytest_ftgate.graders.length import Length
from pytest_ftgate.graders.llm_judge import Judge
from pytest_ftgate.graders.nested import all_graders, changed
from pytest_ftgate.graders.no_answer import no_answer
from pytest_ftgate.graders.not_ import Not
from pytest_ftgate.graders.numeric import Numeric
from pytest_ftgate.graders.one_of import OneOf
from pytest_ftgate.graders.options import build, nearest
from pytest_ftgate.graders.pydantic_model import Pydantic
from pytest_ftgate.graders.python import Python
from pytest_ftgate.graders.refusal import Refusal
from pytest_ftgate.graders.regex import Regex
from pytest_ftgate.graders.rouge import Rouge
from pytest_ftgate.graders.semantic import Semantic
from pytest_ftgate.graders.set_f1 import SetF1
from pytest_ftgate.graders.shown import shown
from pytest_ftgate.graders.sql import Sql
from pytest_ftgate.graders.token_f1 import TokenF1
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
from pytest_ftgate.graders.weighted import Weighted
from pytest_ftgate.graders.xml import Xml
from pytest_ftgate.graders.yaml import Yaml
from pytest_ftgate.serve.client.reasoning import BYTE_ORDER_MARK
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
        StartsWith,
        Regex,
        OneOf,
        Numeric,
        JsonSchema,
        JsonFields,
        ToolCalls,
        Rouge,
        Bleu,
        Chrf,
        EditSimilarity,
        TokenF1,
        SetF1,
        Semantic,
        Length,
        Refusal,
        Code,
        Sql,
        Xml,
        Yaml,
        Html,
        Pydantic,
        Judge,
        Python,
        AnyOf,
        AllOf,
        EachTurn,
        Weighted,
        Not,
    )
}
"""Every kind of grader by the name it has in a spec."""


def compile_grader(spec: Mapping[str, Any], folder: Path | None = None) -> Grader:
    """The grader of a spec such as {"kind": "exact", "ignore_case": true}; compile once, grade many times.

    folder: where a `file` of the spec is looked for (the golden set's folder); default: the working directory.
    Raises GraderError: an unknown kind, an unknown, missing or wrong option, a bad pattern, schema or import path.
    """
    return _compiled(resolve_spec(spec, folder))


def _compiled(spec: Mapping[str, Any]) -> Kind:
    kind = spec.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise GraderError(f"unknown grader kind {shown(kind)}; {_hint(kind)}")
    return build(KINDS[kind], {name: _with_inner(kind, name, value) for name, value in spec.items() if name != "kind"})


def _with_inner(kind: str, name: str, value: Any) -> Any:
    """The value of an option, with graders in place of the specs of graders."""
    if name == "graders" and isinstance(value, list) and issubclass(KINDS[kind], Group):
        return [_inner(kind, f"graders[{number}]", each) for number, each in enumerate(value, 1)]
    return _inner(kind, name, value) if name == "grader" and kind == Not.kind else value


def _inner(kind: str, place: str, value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    try:
        return _compiled(value)
    except GraderError as error:
        raise GraderError(f"grader {kind!r}, {place}: {error}") from None


def _hint(kind: object) -> str:
    return nearest(str(kind), KINDS) if isinstance(kind, str) else f"known: {', '.join(KINDS)}"


def resolve_spec(spec: Mapping[str, Any], folder: Path | None = None) -> Mapping[str, Any]:
    """The spec with the content of its files in it, so that its digest covers them and no path is left.

    The same for the specs in it. Raises GraderError if a file cannot be read.
    """

    def resolved(one: Mapping[str, Any]) -> Mapping[str, Any]:
        return with_schema(one, folder or Path()) if one.get("kind") == JsonSchema.kind else one

    return changed(spec, resolved)


def grade_case(graders: Sequence[Grader], case: Case, response: Response) -> Outcome:
    """The outcome of one answer. Never raises for what a grader does.

    No grader at all is Unscored. A request that broke or ran out of time is a Failure. A cut-off and an empty answer
    are worth 0, whatever the graders; so is a tool call if no grader looks at tool calls. Where a grader looks at each
    turn of a dialogue, none of its answers may be cut off or empty.
    A byte order mark before the answer is dropped.
    Of several graders: any Failure, else any Unscored, else the least value, passed if all passed.
    """
    if response.text.startswith(BYTE_ORDER_MARK):
        response = replace(response, text=response.text.removeprefix(BYTE_ORDER_MARK))
    if not graders:
        return Unscored("no `expected` and no grader; can be checked by a Python test", "none")
    if response.broken:
        return Failure(f"not measured: {response.error or 'the request failed'}", "request")
    each_turn = bool(response.turns) and any(isinstance(each, EachTurn) for each in all_graders(graders))
    if why := no_answer(response, reads_calls=any(map(reads_calls, graders)), each_turn=each_turn):
        return Grade(0.0, why, _names(graders), passed=False)
    outcomes = [_told(outcome_of(grader, case, response)) for grader in graders]
    return outcomes[0] if len(outcomes) == 1 else joined(outcomes)


def _told(outcome: Outcome) -> Outcome:
    """Its reason, which may quote the answer or a library, in one line, escaped, and without secrets."""
    reason = one_line(outcome.reason)
    return outcome if reason == outcome.reason else replace(outcome, reason=reason)


def _names(graders: Sequence[Grader]) -> str:
    return " + ".join(grader.name for grader in graders)
