"""any_of, all_of, weighted and not: what graders are worth together, and that not measured is never wrong."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.all_of import AllOf
from pytest_ftgate.graders.any_of import AnyOf
from pytest_ftgate.graders.grade import (
    KINDS,
    Failure,
    Grade,
    GraderError,
    Unscored,
    case_fault,
    compile_grader,
    grade_case,
    resolve_spec,
)
from pytest_ftgate.graders.nested import DEEPEST, kinds_in
from pytest_ftgate.graders.not_ import Not
from pytest_ftgate.graders.value import Kind
from pytest_ftgate.graders.weighted import Weighted
from pytest_ftgate.serve.response import Response
from tests.unit.graders.one_grade import judge

CASE, RESPONSE = Case("a", "q", "spam"), Response("a", "m", "spam")
SAYS_SPAM, SAYS_HAM = {"kind": "contains", "values": ["spam"]}, {"kind": "contains", "values": ["ham"]}
BREAKS = {"kind": "length", "max_tokens": 9}
"""Without a count of tokens from the server nothing is measured."""


@dataclass(frozen=True)
class Says(Kind):
    outcome: object = None
    kind = "says"

    def __call__(self, case, response):
        return self.outcome


def says(value: float, passed: bool | None = None) -> Says:
    return Says(Grade(value, f"worth {value}", "says@1", value >= 0.5 if passed is None else passed))


FAILS, SKIPS = Says(Failure("broke", "f@1")), Says(Unscored("cannot", "u@1"))


def outcome(group: Kind):
    return group(CASE, RESPONSE)


@pytest.mark.parametrize(
    ("values", "at_least", "value", "passed"),
    [
        ((0.2, 0.6, 0.9), 1, 0.9, True),
        ((0.2, 0.6, 0.9), 2, 0.6, True),
        ((0.2, 0.6, 0.9), 3, 0.2, False),
        ((0.2,), 1, 0.2, False),
    ],
)
def test_any_of(values, at_least, value, passed):
    found = outcome(AnyOf(graders=tuple(map(says, values)), at_least=at_least))
    assert (found.value, found.passed) == (value, passed)


def test_all_of_is_the_least():
    assert outcome(AllOf(graders=(says(0.6), says(0.9)))) == Grade(
        0.6, "says@1: worth 0.6; says@1: worth 0.9", "all_of(says@1, says@1)", True
    )
    assert not outcome(AllOf(graders=(says(0.2), says(0.9)))).passed
    assert not outcome(AllOf(graders=(says(0.6), says(0.9)), threshold=0.7)).passed


def test_weighted_is_the_mean_by_weight():
    found = outcome(Weighted(graders=(says(1), says(0.2)), weights=(3, 1), threshold=0.8))
    assert (found.value, found.passed) == (pytest.approx(0.8), True)
    assert outcome(Weighted(graders=(says(1), says(0)))).value == 0.5


values = st.lists(st.floats(0, 1), min_size=1, max_size=5)


@given(values, st.data())
def test_every_value_is_from_0_to_1(found, data):
    weights = tuple(data.draw(st.lists(st.floats(1e-300, 1e300), min_size=len(found), max_size=len(found))))
    graders = tuple(map(says, found))
    mean = outcome(Weighted(graders=graders, weights=weights)).value
    least, most = outcome(AllOf(graders=graders)).value, outcome(AnyOf(graders=graders)).value
    assert 0 <= least <= mean + 1e-9
    assert mean <= most + 1e-9
    assert most <= 1


@given(values)
def test_not_all_is_any_not(found):
    graders = tuple(map(says, found))
    one = outcome(Not(grader=AllOf(graders=graders)))
    other = outcome(AnyOf(graders=tuple(Not(grader=grader) for grader in graders)))
    assert (one.value, one.passed) == (pytest.approx(other.value), other.passed)


@pytest.mark.parametrize("kind", [AllOf, Weighted, AnyOf])
@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_not_measured_is_never_wrong(kind, order):
    def of(*graders):
        return outcome(kind(graders=tuple(graders[place] for place in order if place < len(graders))))

    assert isinstance(of(FAILS, says(0), SKIPS), Failure)
    assert isinstance(of(SKIPS, says(0)), Unscored)
    assert of(FAILS, says(0)).grader.startswith(kind.kind)


def test_any_of_is_known_once_no_other_grader_could_change_it():
    assert outcome(AnyOf(graders=(FAILS, says(1), SKIPS))) == Grade(
        1, "says@1: worth 1", "any_of(says@1, says@1, says@1)", True
    )
    assert isinstance(outcome(AnyOf(graders=(FAILS, says(0.9)))), Failure), "the other might have been worth 1"
    assert isinstance(outcome(AnyOf(graders=(FAILS, says(1)), at_least=2)), Failure)


def test_not():
    assert outcome(Not(grader=says(0.2))) == Grade(
        0.8, "says@1 does not pass, as required: worth 0.2", "not(says@1)", True
    )
    assert outcome(Not(grader=says(0.6))).passed is False
    assert isinstance(outcome(Not(grader=FAILS)), Failure)
    assert isinstance(outcome(Not(grader=SKIPS)), Unscored)


def test_an_empty_answer_does_not_pass_by_a_not():
    grader = compile_grader({"kind": "not_exact"})
    assert grade_case([grader], CASE, Response("a", "m", "  ")) == Grade(
        0, "the answer is empty", "not(exact@1)", False
    )


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("not", "contains", "not_contains")])
def test_every_kind_has_its_not(kind):
    assert resolve_spec({"kind": f"not_{kind}", "threshold": 0.3}) == {
        "kind": "not",
        "grader": {"kind": kind, "threshold": 0.3},
    }


@pytest.mark.parametrize(
    ("kind", "options", "right", "wrong"),
    [
        ("not_exact", {}, "ham", "spam"),
        ("not_regex", {"pattern": "^s"}, "ham", "spam"),
        ("not_contains_all", {"values": ["a", "b"]}, "ac", "ab"),
        ("not_contains", {"values": ["a", "b"]}, "c", "ac"),
        ("not_edit_similarity", {"threshold": 0.9}, "sham", "spam"),
    ],
)
def test_short_names_take_the_options_of_the_kind(kind, options, right, wrong):
    assert judge(kind, "spam", right, **options).passed
    assert not judge(kind, "spam", wrong, **options).passed


def test_groups_in_groups():
    inner = {"kind": "all_of", "graders": [SAYS_SPAM, {"kind": "not", "grader": SAYS_HAM}]}
    group = {"graders": [{"kind": "exact"}, inner]}
    assert judge("any_of", "eggs", "spam and eggs", **group).passed
    found = judge("any_of", "eggs", "spam and ham", **group)
    assert (found.value, found.passed) == (0, False)
    assert found.grader == "any_of(exact@1, all_of(contains@1, not(contains@1)))"
    assert found.reason.startswith("0 of 2 passed, required 1; exact@1: found 'spam and ham', expected 'eggs'")


def test_a_failure_deep_inside_comes_out():
    group = {"kind": "all_of", "graders": [{"kind": "not", "grader": {"kind": "weighted", "graders": [BREAKS]}}]}
    found = judge("any_of", "x", "spam", graders=[group, SAYS_HAM])
    assert isinstance(found, Failure)
    assert "the server did not report how many tokens" in found.reason


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"kind": "any_of"}, "needs the option 'graders', a list of graders"),
        ({"kind": "any_of", "graders": []}, "graders must be a list of one grader or more"),
        ({"kind": "any_of", "graders": "exact"}, "graders must be a list of graders, tables with their `kind`; found 'exact'"),
        ({"kind": "all_of", "graders": ["exact"]}, "graders must be a list of graders"),
        ({"kind": "not", "grader": "exact"}, "grader must be a grader, a table with its `kind`"),
        ({"kind": "any_of", "graders": [SAYS_HAM, {"kind": "exactt"}]}, r"grader 'any_of', graders\[2\]: unknown grader kind 'exactt'; did you mean 'exact'"),
        ({"kind": "not", "grader": {"kind": "exact", "x": 1}}, "grader 'not', grader: grader 'exact' has no option 'x'"),
        ({"kind": "not_exactt"}, "unknown grader kind 'exactt'; did you mean 'exact'"),
        ({"kind": "any_of", "graders": [SAYS_HAM], "at_least": 2}, "at_least is 2; must be 1 to 1"),
        ({"kind": "any_of", "graders": [SAYS_HAM], "at_least": True}, "at_least must be a whole number; found true"),
        ({"kind": "weighted", "graders": [SAYS_HAM], "weights": [1, 2]}, "2 weights for 1 graders; give one for each"),
        ({"kind": "weighted", "graders": [SAYS_HAM], "weights": [0]}, "weights must be above 0; found 0"),
        ({"kind": "weighted", "graders": [SAYS_HAM], "weights": ["1"]}, "weights must be a list of numbers"),
        ({"kind": "exact", "grader": {"kind": "exact"}}, "grader 'exact' has no option 'grader'"),
    ],
)  # fmt: skip
def test_mistakes_are_told(spec, message):
    with pytest.raises(GraderError, match=message):
        compile_grader(spec)


def test_nesting_has_an_end():
    spec = SAYS_SPAM
    for _ in range(DEEPEST):
        spec = {"kind": "not", "grader": spec}
    compile_grader(spec)
    for _ in range(5000):
        spec = {"kind": "all_of", "graders": [spec]}
    with pytest.raises(GraderError, match="nested more than 8 deep"):
        compile_grader(spec)


def test_a_case_that_an_inner_grader_cannot_judge_is_a_fault():
    group = compile_grader({"kind": "any_of", "graders": [SAYS_SPAM, {"kind": "not_numeric"}]})
    fault = case_fault([group], CASE)
    assert fault == "any_of(contains@1, not(numeric@1)): not(numeric@1): `expected` is 'spam'; must be a number"


def test_files_of_inner_graders_are_read(tmp_path):
    (tmp_path / "s.json").write_text('{"type": "object"}')
    spec = {"kind": "not", "grader": {"kind": "any_of", "graders": [{"kind": "json_schema", "file": "s.json"}]}}
    assert resolve_spec(spec, tmp_path)["grader"]["graders"] == [{"kind": "json_schema", "schema": {"type": "object"}}]
    assert compile_grader(spec, tmp_path)(CASE, RESPONSE).passed


def test_all_kinds_of_a_spec_are_known():
    spec = {"kind": "any_of", "graders": [SAYS_HAM, {"kind": "weighted", "graders": [{"kind": "not_judge"}]}]}
    assert kinds_in(spec) == {"any_of", "contains", "weighted", "not", "judge"}
    assert kinds_in({"kind": "exact"}) == {"exact"}


CALLED = Response("a", "m", "", tool_calls=({"name": "lookup", "arguments": "{}"},))
REFUND, LOOKUP = Case("a", "q", [{"name": "refund"}]), Case("a", "q", [{"name": "lookup"}])
CALLS, NO_SORRY = {"kind": "tool_calls"}, {"kind": "not_contains", "values": ["sorry"]}
BLIND = [
    NO_SORRY,
    {"kind": "not", "grader": {"kind": "contains", "values": ["sorry"]}},
    {"kind": "not_all_of", "graders": [{"kind": "contains", "values": ["sorry"]}, CALLS]},
    {"kind": "length", "max_words": 9},
    {"kind": "all_of", "graders": [NO_SORRY]},
    {"kind": "any_of", "graders": [NO_SORRY]},
]
"""Graders that a text must satisfy, and that say yes to none at all."""


@pytest.mark.parametrize("blind", BLIND)
@pytest.mark.parametrize(("group", "threshold"), [("any_of", 0), ("weighted", 0.5)])
def test_a_wrong_tool_call_without_text_passes_by_no_grader_that_looks_at_texts(blind, group, threshold):
    grader = compile_grader({"kind": group, "threshold": threshold, "graders": [blind, CALLS]})
    found = grade_case([grader], REFUND, CALLED)
    assert (found.value, found.passed) == (0, False)
    assert "called the tool 'lookup' instead of answering" in found.reason
    assert grade_case([grader], LOOKUP, CALLED).passed


@pytest.mark.parametrize("case", [REFUND, LOOKUP])
def test_a_tool_call_passes_with_graders_of_texts_that_must_pass_too(case):
    both = [
        {"kind": "all_of", "graders": [NO_SORRY, CALLS]},
        {"kind": "any_of", "graders": [{"kind": "all_of", "graders": [NO_SORRY, CALLS]}]},
    ]
    for spec in both:
        assert grade_case([compile_grader(spec)], case, CALLED).passed is (case is LOOKUP)
    assert grade_case([compile_grader(NO_SORRY), compile_grader(CALLS)], case, CALLED).passed is (case is LOOKUP)


@pytest.mark.parametrize("kind", ["each_turn", "not_each_turn"])
@pytest.mark.parametrize(
    ("earlier", "reason"),
    [
        ({"turns": ("hi", "")}, "turn 2 of 3: the answer is empty"),
        ({"turns": (" \n", "b")}, "turn 1 of 3: the answer is empty"),
        ({"turns": ("hi", "So I wi"), "cut_turns": (2,)}, "turn 2 of 3: cut off at max_tokens: 'So I wi'"),
    ],
)
def test_each_turn_passes_no_dialogue_with_an_answer_that_is_empty_or_cut_off(kind, earlier, reason):
    grader = compile_grader({"kind": kind, "graders": [NO_SORRY]})
    response = Response("a", "m", "there", **earlier)
    found = grade_case([grader], CASE, response)
    assert (found.value, found.passed, found.reason) == (0, False, reason)
    assert grade_case([compile_grader(NO_SORRY)], CASE, response).passed, "it looks at the last answer alone"


def test_the_last_turn_s_calls_are_no_calls_of_the_earlier_ones():
    grader = compile_grader({"kind": "each_turn", "graders": [CALLS]})
    found = grade_case(
        [grader], Case("a", "q", []), Response("a", "m", "", tool_calls=CALLED.tool_calls, turns=("hi",))
    )
    assert "turn 2 of 2" in found.reason
    assert "turn 1 of 2" not in found.reason
