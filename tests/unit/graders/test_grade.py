"""compile_grader and grade_case: which outcome, for which reason."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.grade import (
    KINDS,
    Failure,
    Grade,
    GraderError,
    Unscored,
    case_fault,
    compile_grader,
    grade_case,
    outcome_from_json,
)
from pytest_ftgate.serve.response import Response
from tests.repository import ROOT

CASE = Case("a1", "question", "spam")
EXACT = compile_grader({"kind": "exact"})


CALL = {"name": "lookup", "arguments": "{}"}


def response(text: str = "spam", **facts: object) -> Response:
    return Response("a1", "model", text, **facts)


@dataclass(frozen=True)
class Says:
    outcome: object
    name: str = "says@1"

    def __call__(self, case, response):
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    def check(self, case):
        pass


def graded(value: float, passed: bool, name: str = "says@1") -> Says:
    return Says(Grade(value, f"worth {value}", name, passed), name)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_name_with_its_version(kind):
    assert KINDS[kind].kind == kind
    assert KINDS[kind].version >= 1


def test_the_schema_of_a_case_names_every_kind():
    schema = json.loads((ROOT / "pytest_ftgate/files/schemas/case.schema.json").read_text("utf-8"))
    assert schema["$defs"]["grader"]["properties"]["kind"]["examples"] == [*KINDS]


def test_name_of_a_grader_is_kind_and_version():
    assert EXACT.name == "exact@1"
    assert grade_case([EXACT], CASE, response()).grader == "exact@1"


def test_unknown_kind_names_the_near_one():
    with pytest.raises(GraderError, match=r"'exactt'; did you mean 'exact'\?"):
        compile_grader({"kind": "exactt"})


@pytest.mark.parametrize("spec", [{}, {"kind": 3}, {"kind": None}, {"kind": "zzz"}, {"kind": ["exact"]}])
def test_unknown_kind_lists_all(spec):
    with pytest.raises(GraderError, match=r"known: exact, contains, .*python"):
        compile_grader(spec)


def test_all_bad_options_are_told_at_once():
    with pytest.raises(GraderError) as error:
        compile_grader({"kind": "exact", "ignore_cas": True, "strip": "yes"})
    assert "no option 'ignore_cas'; did you mean 'ignore_case'?" in str(error.value)
    assert "strip must be true or false; found 'yes'" in str(error.value)


@pytest.mark.parametrize(("kind", "option"), [("one_of", "labels"), ("json_schema", "schema"), ("python", "call")])
def test_a_lacking_option_is_named(kind, option):
    with pytest.raises(GraderError, match=f"needs the option '{option}'"):
        compile_grader({"kind": kind})


@pytest.mark.parametrize("bad", [-0.1, 1.1, float("nan"), "1", True])
def test_threshold_must_be_a_share(bad):
    with pytest.raises(GraderError, match="threshold"):
        compile_grader({"kind": "exact", "threshold": bad})


def test_threshold_says_when_a_partial_value_passes():
    case = Case("a1", "q", {"a": 1, "b": 2})
    for threshold, passed in ((0.5, True), (0.51, False)):
        grade = grade_case(
            [compile_grader({"kind": "json_fields", "threshold": threshold})], case, response('{"a": 1, "b": 3}')
        )
        assert (grade.value, grade.passed) == (0.5, passed)


def test_a_broken_request_is_a_failure_whatever_the_grader():
    outcome = grade_case([graded(1, True)], CASE, response("spam", finish_reason="error", error="HTTP 500"))
    assert outcome == Failure("not measured: HTTP 500", "request")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (
            response("spam", finish_reason="length", completion_tokens=16),
            r"cut off at max_tokens \(16 tokens\): 'spam'",
        ),
        (response("", finish_reason="length"), r"cut off at max_tokens \(0 tokens\): ''"),
        (
            response("", finish_reason="length", completion_tokens=16, reasoning="Hmm"),
            r"cut off while thinking, at max_tokens \(16 tokens\): 'Hmm'",
        ),
        (response("", reasoning="Hmm"), "no answer, only thinking: 'Hmm'"),
        (response("", tool_calls=(CALL,), reasoning="Hmm"), "called the tool 'lookup' instead of answering"),
        (
            response("", tool_calls=(CALL, CALL, {**CALL, "name": "b"})),
            "called the tool 'lookup, b' instead of answering",
        ),
        (response(""), "the answer is empty"),
        (response(" \n\t"), "the answer is empty"),
    ],
)
def test_no_whole_answer_is_worth_nothing_even_if_its_text_were_right(answer, reason):
    outcome = grade_case([graded(1, True)], CASE, answer)
    assert isinstance(outcome, Grade)
    assert (outcome.value, outcome.passed) == (0.0, False)
    assert re.fullmatch(reason, outcome.reason)


def test_no_answer_fails_even_with_threshold_zero():
    lenient = compile_grader({"kind": "exact", "threshold": 0})
    assert not grade_case([lenient], CASE, response("")).passed


def test_a_grader_that_raises_is_a_failure_that_names_exception_and_place():
    outcome = grade_case([Says(KeyError("label"))], CASE, response())
    assert isinstance(outcome, Failure)
    assert outcome.reason.startswith("KeyError: 'label' (at ")
    assert "test_grade.py:" in outcome.reason


@pytest.mark.parametrize("error", [RecursionError("deep"), ZeroDivisionError("x"), AssertionError("no"), MemoryError()])
def test_no_exception_of_a_grader_is_a_score(error):
    assert isinstance(grade_case([graded(1, True), Says(error)], CASE, response()), Failure)


def test_least_of_several_graders_counts_and_only_the_missed_give_reasons():
    outcome = grade_case(
        [graded(1, True, "a@1"), graded(0.3, False, "b@1"), graded(0.6, True, "c@1")], CASE, response()
    )
    assert outcome == Grade(0.3, "b@1: worth 0.3", "a@1 + b@1 + c@1", passed=False)


def test_several_graders_pass_only_together():
    assert grade_case([graded(1, True), graded(0.6, True)], CASE, response()).passed


def test_a_failure_outweighs_unscored_and_unscored_a_grade():
    unscored, failure = Says(Unscored("cannot", "u@1")), Says(Failure("broke", "f@1"))
    assert isinstance(grade_case([unscored, graded(0, False), failure], CASE, response()), Failure)
    assert grade_case([graded(0, False), unscored], CASE, response()) == Unscored("u@1: cannot", "u@1")


def test_without_a_grader_nothing_is_scored():
    assert isinstance(grade_case([], CASE, response()), Unscored)


def test_case_fault_says_what_no_grader_can_judge():
    graders = [EXACT, compile_grader({"kind": "numeric"})]
    assert case_fault(graders, Case("a1", "q", None)).startswith("exact@1: the case has no `expected` value")
    assert "numeric@1: `expected` is 'spam'; must be a number" in case_fault(graders, CASE)
    assert case_fault([EXACT], CASE) == ""


texts = st.text(st.characters(exclude_categories=["Cs"]))
outcomes = st.one_of(
    st.builds(Grade, st.floats(0, 1), texts, texts, st.booleans()),
    st.builds(Unscored, texts, texts),
    st.builds(Failure, texts, texts),
)


@given(outcomes)
def test_outcomes_survive_json(outcome):
    assert outcome_from_json(json.loads(json.dumps(outcome.to_json()))) == outcome


@given(st.text(min_size=1), st.sampled_from(["exact", "contains", "numeric", "json_fields", "regex"]))
def test_any_answer_gets_an_outcome(answer, kind):
    expected = {"numeric": 1, "json_fields": {"a": 1}}.get(kind, "spam")
    outcome = grade_case([compile_grader({"kind": kind})], Case("a1", "q", expected), response(answer))
    assert isinstance(outcome, Grade)
    assert outcome.reason.isprintable()


def test_importing_graders_imports_nothing_heavy():
    heavy = "jsonschema regex yaml jinja2 referencing numpy torch sklearn aiohttp asyncio sqlglot sacrebleu rouge_score rapidfuzz pydantic xml.parsers.expat"
    program = f"import sys, pytest_ftgate.graders.grade; print([m for m in {heavy.split()} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_reasoning_beside_an_answer_judges_nothing():
    assert grade_case([EXACT], CASE, response("spam", reasoning="Hmm, or ham?")).passed
    assert grade_case([graded(1, True)], CASE, response("spam", tool_calls=(CALL,))).passed


def test_a_tool_call_is_an_answer_where_a_grader_looks_at_it():
    wanted = [{"name": "lookup"}]
    grader = compile_grader({"kind": "tool_calls"})
    assert grade_case([grader], Case("a1", "q", wanted), response("", tool_calls=(CALL,))).passed
    assert grade_case([grader], Case("a1", "q", wanted), response("")).reason == "the answer is empty"
    both = grade_case([grader, EXACT], Case("a1", "q", wanted), response("", tool_calls=(CALL,)))
    assert not both.passed
    assert both.reason.startswith("exact@1: found ''")
