"""The general-skills golden set of this repository, and the rows of the same kind that one pipeline mixes in."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from pytest_ftgate.data.near.rows import Row, read_rows
from pytest_ftgate.evaluate.lock import compare, read_lock
from pytest_ftgate.evaluate.suite import load_suite
from pytest_ftgate.golden.case import Case, answer_text, render
from pytest_ftgate.graders.grade import Grade, grade_case
from pytest_ftgate.leakage.check import find_leaks
from pytest_ftgate.serve.response import Response
from tests.repository import ROOT

GOLDEN = ROOT / "goldens/general_skills"
ROWS = ROOT / "pipelines/sms_spam_general/general.jsonl"
SUITE = load_suite(GOLDEN)
SKILLS = {"arithmetic", "knowledge", "instruction", "format"}
WRONG = ("I do not know.", '{"label": "ham"}', '{"label": "spam"}', "qwertz", " ")


def graded(case: Case, text: str) -> Grade:
    outcome = grade_case(SUITE.graders_of(case), case, Response(case.id, "model", text))
    assert isinstance(outcome, Grade), outcome
    return outcome


def right_answers(case: Case) -> list[str]:
    """Of a list under the set's own grader each text is right; anything else is one answer, JSON if it is no text."""
    if isinstance(case.expected, list) and not case.graders:
        return case.expected
    return [answer_text(case.expected)]


def test_there_are_enough_cases_of_each_skill_and_no_two_alike():
    assert len(SUITE.cases) >= 300
    counts = Counter(case.slices["skill"] for case in SUITE.cases)
    assert set(counts) == SKILLS
    assert min(counts.values()) >= 25
    assert len({case.id for case in SUITE.cases}) == len(SUITE.cases)
    assert len({" ".join(case.input.lower().split()) for case in SUITE.cases}) == len(SUITE.cases)


def test_the_lock_is_current():
    assert compare(SUITE, read_lock(GOLDEN)) == []


@pytest.mark.parametrize("skill", sorted(SKILLS))
def test_the_right_answer_passes_and_others_do_not(skill):
    for case in (case for case in SUITE.cases if case.slices["skill"] == skill):
        for answer in right_answers(case):
            assert graded(case, answer).passed, (case.id, answer)
        for answer in WRONG:
            assert not graded(case, answer).passed, (case.id, answer)


@pytest.mark.parametrize(
    ("question", "answer", "passed"),
    [
        ("Which is heavier, an elephant or a mouse?", "An elephant is heavier than a mouse.", True),
        ("Which is heavier, an elephant or a mouse?", "A mouse is lighter than an elephant.", False),
        ("What is 7 plus 6?", "7 + 6 = 13.", True),
        ("What is 7 plus 6?", "7 + 6 = 113", False),
        ("How many days does a week have?", "A week has 7 days.", True),
        ("How many days does a week have?", "A week has 17 days.", False),
        ("Yes or no: does a bird have four legs?", "I know it does, yes.", False),
        ("Write the word apple in capital letters.", "apple", False),
        ("Reply with the single word hello.", "Hello! How can I help?", False),
    ],
)
def test_graders_read_whole_words_and_what_is_said_first(question, answer, passed):
    case = next(case for case in SUITE.cases if case.input == question)
    assert graded(case, answer).passed is passed


def test_the_rows_to_train_on_are_other_questions():
    rows = list(read_rows(ROWS))
    assert len(rows) >= 100
    assert {row.data["slices"]["skill"] for row in rows} == SKILLS
    report = find_leaks(SUITE.cases, rows)
    assert not report.leaks, report.describe()
    assert {suspect.stage for suspect in report.suspects} <= {"fuzzy", "edited"}, (
        "the same kind of question with another object"
    )
    questions = {row.data["input"].lower() for row in rows}
    assert len(questions) == len(rows)
    assert not questions & {case.input.lower() for case in SUITE.cases}


def test_the_check_between_them_can_fail():
    golden = SUITE.cases[0]
    turns = [{"role": "system", "content": "Answer briefly."}, {"role": "user", "content": golden.input}]
    for asked in (golden.input, turns):
        planted = Row("rows.jsonl", 1, json.loads(json.dumps({"input": asked, "expected": "5"})))
        assert [leak.golden_id for leak in find_leaks(SUITE.cases, [planted]).leaks] == [golden.id]


def test_examples_are_sent_with_every_case_and_are_no_goldens():
    turns = render(SUITE.prompt, SUITE.cases[0].input)
    assert [turn["role"] for turn in turns] == ["system", *["user", "assistant"] * 5, "user"]
    assert turns[-1]["content"] == SUITE.cases[0].input
    asked = {question for question, _ in SUITE.prompt.examples}
    assert len(asked) == 5
    assert not asked & ({case.input for case in SUITE.cases} | {row.data["input"] for row in read_rows(ROWS)})
