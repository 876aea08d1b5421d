"""Cases with a script of user turns, which the model answers one after the other."""

from __future__ import annotations

import json

import pytest

from tests.mock_openai import Fault, cut_off, too_many

TRIP = ["I fly to Rome.", "On Friday.", "Where do I fly, and when?"]


def remembering(messages):
    """Answers what a model that has read the whole dialogue says."""
    said = [turn["content"] for turn in messages if turn["role"] == "user" and turn["content"] != "a"]
    if len(said) == len(TRIP):
        return "Rome on Friday" if "ok 1" in str(messages) and "ok 2" in str(messages) else "I do not know"
    return f"ok {len(said)}"


def trip(**more):
    return {"id": "trip", "input": TRIP, "expected": "Rome on Friday", **more}


def test_each_turn_is_asked_after_the_answer_before_it(project, answering):
    server = answering(remembering)
    project.golden(
        "trips", [trip()], "[prompt]\nsystem = 'You help.'\ntemplate = 'User: {{ text }}'\nexamples = [['a', 'b']]\n"
    )
    project.run().assert_outcomes(passed=1)
    sent = [[(turn["role"], turn["content"]) for turn in body["messages"]] for body in server.requests]
    start = [("system", "You help."), ("user", "a"), ("assistant", "b"), ("user", "User: I fly to Rome.")]
    assert sent[0] == start
    assert sent[1] == [*start, ("assistant", "ok 1"), ("user", "User: On Friday.")]
    assert sent[2] == [*sent[1], ("assistant", "ok 2"), ("user", "User: Where do I fly, and when?")]


def test_the_last_answer_is_graded_and_the_dialogue_is_shown(project, answering):
    answering(lambda messages: f"answer {len(messages)}")
    project.golden("trips", [trip()])
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*[[]user[]] I fly to Rome.",
            "*[[]assistant[]] answer 1",
            "*[[]user[]] On Friday.",
            "*[[]assistant[]] answer 3",
            "*[[]user[]] Where do I fly, and when?",
            "*answer: *answer 5",
        ]
    )


def test_every_answer_is_graded_where_a_grader_asks_for_it(project, answering):
    answering(lambda messages: "SHOUTING" if len(messages) == 3 else "Rome on Friday")
    case = trip(graders=[{"kind": "each_turn", "graders": [{"kind": "not_contains", "values": ["SHOUTING"]}]}])
    project.golden("trips", [case])
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*turn 2 of 3: *"])


def test_python_tests_see_the_earlier_answers(project, answering):
    answering(remembering)
    project.golden("trips", [trip()])
    project.write(
        "test_mine.py",
        "import pytest\n"
        "@pytest.mark.golden('trips')\n"
        "def test_trip(response):\n"
        "    assert response.turns == ('ok 1', 'ok 2')\n"
        "    assert response.text == 'Rome on Friday'\n",
    )
    project.run("test_mine.py").assert_outcomes(failed=0, errors=0, passed=1)


def test_the_journal_keeps_the_dialogue_and_a_changed_script_is_asked_again(project, answering):
    server = answering(remembering)
    project.golden("trips", [trip(graders=[{"kind": "each_turn", "graders": [{"kind": "length", "max_words": 3}]}])])
    project.run().assert_outcomes(passed=1)
    project.run("--ftgate-resume").assert_outcomes(passed=1)
    project.run("--ftgate-regrade", "last").assert_outcomes(passed=1)
    assert len(server.requests) == 3
    line = json.loads((project.path / ".ftgate/journal/trips.jsonl").read_text().splitlines()[0])
    assert line["response"]["turns"] == ["ok 1", "ok 2"]
    project.golden("trips", [{"id": "trip", "input": [*TRIP[:2], "And now?"], "expected": "x"}])
    project.run("--ftgate-resume")
    assert len(server.requests) == 6


def test_a_turn_that_breaks_is_no_answer_and_names_the_turn(project, answering):
    server = answering(lambda messages: Fault(status=400, text="too long") if len(messages) == 3 else "fine")
    project.golden("trips", [trip()])
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*turn 2 of 3: *too long*"])
    assert len(server.requests) == 2


def test_a_function_called_before_the_last_turn_is_no_answer(project, answering):
    call = {"type": "function", "function": {"name": "flights", "arguments": "{}"}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    body = json.dumps({"choices": [{"message": message, "finish_reason": "tool_calls"}]})
    answering(lambda messages: Fault(body=body))
    project.golden("trips", [trip()])
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*turn 1 of 3: the model called a function*"])


def test_a_cut_off_turn_does_not_end_the_dialogue(project, answering):
    server = answering(lambda messages: cut_off("ok") if len(messages) == 1 else "Rome on Friday")
    project.golden("trips", [trip()])
    project.run().assert_outcomes(passed=1)
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("middle", "reason"), [(cut_off("So I"), "cut off at max_tokens: 'So I'"), ("", "the answer is empty")]
)
def test_a_dialogue_graded_at_each_turn_is_wrong_if_an_answer_is_cut_off_or_empty(project, answering, middle, reason):
    answering(lambda messages: middle if len(messages) == 3 else "fine")
    graders = [{"kind": "each_turn", "graders": [{"kind": "not_contains", "values": ["SHOUTING"]}]}]
    project.golden("trips", [trip(graders=graders)])
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"*turn 2 of 3: {reason}*"])
    project.run("--ftgate-regrade", "last").assert_outcomes(failed=1)


def test_a_rate_limit_asks_no_turn_twice(project, answering):
    limited = []

    def answer(messages):
        if len(messages) == 3 and not limited:
            limited.append(1)
            return too_many()
        return remembering(messages)

    server = answering(answer)
    project.golden("trips", [trip()])
    project.run().assert_outcomes(passed=1)
    assert [len(body["messages"]) for body in server.requests] == [1, 3, 3, 5]


def test_all_turns_share_one_time_limit(project, answering):
    answering(lambda messages: Fault(text="slow", delay_s=1.2))
    project.golden("trips", [trip()], "[request]\ntimeout_s = 2\n")
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*turn 2 of 3: no answer within *"])


def test_tokens_are_those_of_all_turns(project, answering):
    answering(remembering)
    project.golden("trips", [trip()])
    project.run("--junitxml", "out.xml")
    text = (project.path / "out.xml").read_text()
    assert "&quot;completion_tokens&quot;: 7" in text, text


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["a text", {"role": "user", "content": "a message"}], "*cases.jsonl:1: *mixes texts and messages*"),
        (["a text", ""], "*cases.jsonl:1: input[[]1[]] must not be empty*"),
        (["a text", 3], "*cases.jsonl:1: input[[]1[]] must be*"),
        ([{"role": "user"}], "*cases.jsonl:1: *needs 'content'*"),
    ],
)
def test_what_is_no_script_is_a_fault_in_its_line(project, answering, given, message):
    answering()
    project.golden("trips", [{"id": "trip", "input": given, "expected": "x"}])
    result = project.run()
    assert result.ret == 2
    result.stdout.fnmatch_lines([message])


def test_the_judge_reads_the_whole_dialogue():
    from pytest_ftgate.golden.case import Case, Prompt
    from pytest_ftgate.graders.llm_judge import question_of

    case = Case("trip", TRIP, "Rome on Friday")
    asked = question_of(False, Prompt(), case, "Rome on Friday", turns=("ok 1", "ok 2")).asked
    assert asked.split("\n\n")[1:3] == ["[assistant]\nok 1", "[user]\nOn Friday."]
    assert question_of(False, Prompt(), case, "one", "other").asked.count("(the model's answer)") == 2


def test_every_user_turn_is_looked_for_in_training_data():
    from pytest_ftgate.data.near.rows import Row
    from pytest_ftgate.golden.case import Case
    from pytest_ftgate.leakage.user_check import find_leaks

    turns = ["First text.", "Which of our three warehouses keeps the replacement parts for the older coffee machines?"]
    rows = [Row("train.jsonl", 1, {"input": turns[1], "expected": "x"})]
    assert [leak.golden_id for leak in find_leaks([Case("c", turns, "x")], rows).leaks] == ["c"]
