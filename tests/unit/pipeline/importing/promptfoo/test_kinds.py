"""Each type of assertion passes and fails the answers that it passes and fails in promptfoo, or says why not."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.grade import compile_grader, grade_case
from pytest_ftgate.graders.value import Grade
from pytest_ftgate.pipeline.importing.promptfoo.kinds import JUDGED, NOT_CARRIED
from pytest_ftgate.serve.response import Response

SCHEMA = {"type": "object", "required": ["color"], "properties": {"color": {"type": "string"}}}
TABLE: list[tuple[dict[str, Any], str, str]] = [
    ({"type": "equals", "value": "Paris"}, "Paris", "Paris, France"),
    ({"type": "equals", "value": 42}, "42", "43"),
    ({"type": "equals", "value": {"a": [1, None]}}, '{"a": [1, null]}', '{"a": [1]}'),
    ({"type": "not-equals", "value": "a.c"}, "abc", "a.c"),
    ({"type": "contains", "value": "Paris"}, "In Paris.", "In paris."),
    ({"type": "not-contains", "value": "AI"}, "a person", "an AI"),
    ({"type": "icontains", "value": "PARIS"}, "In Paris.", "In Rome."),
    ({"type": "not-icontains", "value": "as an ai"}, "Paris", "As an AI, no"),
    ({"type": "contains-any", "value": "red, green"}, "so green", "blue"),
    ({"type": "not-contains-any", "value": ["red", "green"]}, "blue", "so green"),
    ({"type": "contains-all", "value": ["red", "green"]}, "green and red", "red"),
    ({"type": "not-contains-all", "value": ["red", "green"]}, "red", "green and red"),
    ({"type": "icontains-all", "value": 'Red,"a, b"'}, "red a, b", "red a b"),
    ({"type": "icontains-any", "value": ["Red"]}, "RED", "blue"),
    ({"type": "starts-with", "value": "Yes"}, "Yes, it is", "Oh Yes"),
    ({"type": "not-starts-with", "value": "Yes"}, "No", "Yes, it is"),
    ({"type": "regex", "value": r"^\d{2}$"}, "12", "١٢"),
    ({"type": "not-regex", "value": "(?:sorry|apolog)"}, "Paris", "I apologise"),
    ({"type": "is-json"}, "[1]", "no JSON"),
    ({"type": "not-is-json"}, "no JSON", "{}"),
    ({"type": "is-json", "value": SCHEMA}, '{"color": "red"}', '{"color": 1}'),
    ({"type": "is-json", "value": "required: [color]\ntype: object"}, '{"color": 1}', "{}"),
    ({"type": "contains-json", "value": SCHEMA}, 'So:\n```json\n{"color": "red"}\n```', "red"),
    ({"type": "rouge-n", "value": "the cat sat down", "threshold": 0.7}, "the cat sat", "a dog ran"),
    ({"type": "word-count", "value": {"max": 2}}, "two words", "here are three"),
    ({"type": "word-count", "value": 2}, "two words", "one"),
    ({"type": "is-refusal"}, "I'm sorry, I can't help with that.", "Paris"),
    ({"type": "not-is-refusal"}, "Paris", "I'm sorry, I can't help with that."),
    ({"type": "javascript", "value": "output.length <= 3"}, "abc", "abcd"),
    ({"type": "javascript", "value": "output.length > 3;"}, "abcd", "abc"),
    (
        {"type": "javascript", "value": "output.toLowerCase().includes('a b') && output.length < 9"},
        "xA B",
        "A B 456789",
    ),
    ({"type": "javascript", "value": '!output.includes("x && y")'}, "x & y", "x && y"),
    ({"type": "javascript", "value": "return output.trim().startsWith('Ahoy')"}, "Ahoy!", "Hi"),
    ({"type": "javascript", "value": "output === 'a.c'"}, "a.c", "abc"),
    ({"type": "not-javascript", "value": "output.includes(`a`)"}, "b", "a"),
    (
        {"type": "assert-set", "assert": [{"type": "contains", "value": "a"}, {"type": "contains", "value": "b"}]},
        "ab",
        "a",
    ),
    (
        {
            "type": "assert-set",
            "threshold": 0.6,
            "assert": [{"type": "contains", "value": "a", "weight": 3}, {"type": "contains-all", "value": "b,c"}],
        },
        "ab",
        "bc",
    ),
]


def passes(made: Any, answer: str) -> bool:
    row = made.cases[0].data
    specs = row.get("graders", made.golden.get("grader"))
    case = Case("c", row["input"], row.get("expected"))
    outcome = grade_case([compile_grader(spec) for spec in specs], case, Response("c", "model", answer))
    assert isinstance(outcome, Grade), outcome
    return outcome.passed


@pytest.mark.parametrize(("assertion", "right", "wrong"), TABLE, ids=[str(row[0]["type"]) for row in TABLE])
def test_a_grader_passes_what_the_assertion_does(imported, assertion, right, wrong):
    made = imported(prompts=["{{q}}"], tests=[{"vars": {"q": "?"}, "assert": [assertion]}])
    assert made.lost == []
    assert passes(made, right)
    assert not passes(made, wrong)


def test_a_test_with_a_threshold_is_a_weighted_mean(imported):
    asserts = [{"type": "contains", "value": "a", "weight": 2}, {"type": "contains-all", "value": "b,c"}]
    made = imported(prompts=["{{q}}"], tests=[{"vars": {"q": "?"}, "threshold": 0.6, "assert": asserts}])
    assert passes(made, "a")
    assert not passes(made, "bc")
    assert not passes(made, "b"), "half of the texts of contains-all are worth nothing in promptfoo"


@pytest.mark.parametrize("kind", sorted(NOT_CARRIED))
def test_what_has_no_grader_is_named_with_its_line(imported, kind):
    made = imported(f"prompts: ['{{{{q}}}}']\ntests:\n  - vars: {{q: x}}\n    assert:\n      - type: not-{kind}\n")
    (fault,) = made.lost
    assert (fault.path, fault.line) == ("promptfooconfig.yaml", 5)
    assert fault.message == f"not-{kind}: {NOT_CARRIED[kind]} (1 case)"


@pytest.mark.parametrize(
    ("assertion", "why"),
    [
        ({"type": "contians", "value": "a"}, "is no type of assertion that is known"),
        ({"value": "a"}, "has no type"),
        ({"type": "contains"}, "has no text as its value"),
        ({"type": "contains", "value": " "}, "its value is empty"),
        ({"type": "contains", "value": "{{missing}}"}, "the variable `missing` is not set"),
        ({"type": "contains", "value": "a", "transform": "output.b"}, "its `transform` is not carried over"),
        ({"type": "contains", "value": "a", "weight": 0}, "has the weight 0, with which it decides nothing"),
        ({"type": "contains", "value": "file://check.py"}, "its value comes from a program, which is not run here"),
        (
            {"type": "rouge-n", "value": "a", "threshold": 0},
            "rouge-n: has the threshold 0, with which every answer passes",
        ),
        (
            {"type": "assert-set", "threshold": 0, "assert": [{"type": "equals", "value": "a"}]},
            "assert-set: has the threshold 0, with which every answer passes",
        ),
        ({"type": "regex", "value": "[^]"}, "invalid regular expression"),
        ({"type": "is-json", "value": {"type": "objekt"}}, "invalid schema"),
        ({"type": "word-count", "value": "some"}, "its value is neither a number nor min and max"),
        ({"type": "rouge-n", "value": "a", "threshold": "high"}, "its threshold is no number"),
        ({"type": "promptfoo:redteam:bias"}, "belongs to red teaming"),
        ({"type": "assert-set", "assert": [{"type": "webhook"}]}, "nothing of it is left"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_an_assertion_that_cannot_be_a_grader_says_why(imported, assertion, why):
    made = imported(prompts=["{{q}}"], tests=[{"vars": {"q": "?"}, "assert": [assertion]}])
    assert [row.data for row in made.cases] == [{"input": "?"}], "the question stays, unscored"
    assert why in " ".join(fault.message for fault in made.lost)
    assert made.golden == {"grader": []}


@pytest.mark.parametrize(
    "code",
    [
        "output.length < 3 || output.includes('a')",
        "output.length < 3 ? 1 : 0",
        "output.includes(context.vars.a)",
        "output.includes('a') && JSON.parse(output).b",
        "output.toLowerCase().includes('A')",
        "output.includes(`${a}`)",
        "output.includes('it\\'s')",
        "output.length < {{n}}",
        "file://check.js",
        "",
        3,
    ],
)
def test_other_javascript_is_named(imported, code):
    assertion = {"type": "javascript", "value": code}
    made = imported(prompts=["{{q}}"], tests=[{"vars": {"q": "?"}, "assert": [assertion]}])
    (fault,) = made.lost
    assert fault.message.startswith("javascript: ")


@pytest.mark.parametrize("kind", sorted(JUDGED))
def test_one_rubric_of_all_tests_is_a_question_of_the_judge(imported, kind):
    tests = [{"vars": {"q": q}} for q in "ab"]
    default = {"assert": [{"type": kind, "value": "Is polite", "provider": "openai:x"}]}
    made = imported(prompts=["{{q}}"], defaultTest=default, tests=tests)
    assert made.lost == []
    assert made.golden["grader"] == [{"kind": "judge"}]
    (question,) = made.golden["judge"]["checklist"].values()
    assert question.endswith("Is polite")
    assert "reference" not in made.golden["judge"]


def test_rubrics_that_differ_are_what_each_case_expects(imported):
    rubrics = [[{"type": "llm-rubric", "value": f"Speaks of {{{{q}}}}, {n}"} for n in range(2)]] * 2
    rubrics[1] = [*rubrics[1], {"type": "not-llm-rubric", "value": "is rude"}, {"type": "equals", "value": "x"}]
    tests = [{"vars": {"q": q}, "assert": asserts} for q, asserts in zip("ab", rubrics, strict=True)]
    made = imported(prompts=["{{q}}"], tests=tests)
    assert made.lost == []
    assert made.golden["judge"]["reference"] is True
    first, second = (row.data for row in made.cases)
    assert first == {"input": "a", "expected": "- Speaks of a, 0\n- Speaks of a, 1", "graders": [{"kind": "judge"}]}
    assert second["expected"].splitlines()[-1] == "- The following must not be true of it: is rude"
    assert second["graders"] == [{"kind": "judge"}, {"kind": "regex", "pattern": "x", "full": True}]


def test_the_threshold_of_a_rubric_is_named_and_the_rubric_stays(imported):
    rubric = {"type": "llm-rubric", "value": "Is polite", "threshold": 0.8, "metric": "tone", "weight": 2}
    made = imported(prompts=["{{q}}"], tests=[{"vars": {"q": "?"}, "assert": [rubric]}])
    assert [fault.message.partition(":")[0] for fault in made.lost] == ["threshold 0.8 of llm-rubric"]
    assert made.golden["grader"] == [{"kind": "judge"}]
    assert any("metrics" in note for note in made.notes)
    assert any("weights" in note for note in made.notes)


def test_a_test_with_the_threshold_0_is_named_and_all_must_pass(imported):
    asserts = [{"type": "contains", "value": "a"}, {"type": "contains", "value": "b"}]
    made = imported(prompts=["{{q}}"], tests=[{"vars": {"q": "?"}, "threshold": 0, "assert": asserts}])
    assert [fault.message for fault in made.lost] == [
        "threshold 0: lets every answer pass; here all graders must pass (1 case)"
    ]
    assert passes(made, "ab")
    assert not passes(made, "a")


def test_our_own_question_around_a_rubric_is_taken_off(imported):
    def asked(text):
        made = imported(
            prompts=["{{q}}"], tests=[{"vars": {"q": "?"}, "assert": [{"type": "llm-rubric", "value": text}]}]
        )
        (question,) = made.golden["judge"]["checklist"].values()
        return question

    once = asked("Is polite")
    assert once.endswith(" Is polite")
    assert asked(once) == once
