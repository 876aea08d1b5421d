"""A judge in a run: grader, fixture, cache, refusals; the real SDK against a local Messages API."""

from __future__ import annotations

import json

import anthropic  # noqa: F401 - pytester would import it anew in every run
import pytest

from pytest_ftgate.evaluate.suite import load_suite
from tests.messages_server import REFUSAL, Fault, MessagesServer
from tests.projects import assert_unasked
from tests.scripted_judge import judging

CASES = [{"id": f"c{i}", "input": f"question {i}", "expected": f"a{i}"} for i in range(8)]
JUDGE = """
[[grader]]
kind = "judge"
threshold = 0.75

[judge]
base_url = "{url}"
{more}
[judge.criteria.helpful]
question = "Does it solve what was asked?"
1 = "Nothing."
2 = "Hardly."
3 = "A part."
4 = "All but a detail."
5 = "All."
"""


@pytest.fixture
def judged(project):
    """A judge whose levels are the last character of the answer."""
    with MessagesServer(judging(lambda data, _name: data["answer"][-1])) as server:
        yield server


def test_a_set_is_graded_by_a_judge_that_is_asked_many_at_a_time_and_once(project, answering, judged):
    answering(lambda messages: f"answer {messages[-1]['content'][-1]} is {2 + int(messages[-1]['content'][-1]) % 4}")
    project.golden("tone", CASES, JUDGE.format(url=judged.url, more=""))
    first = project.run("--junitxml", "junit.xml")
    assert first.ret == 1
    first.assert_outcomes(passed=4, failed=4)
    first.stdout.fnmatch_lines(["*cases.jsonl:1: helpful 2: because helpful"])
    first.stdout.fnmatch_lines(["judge claude-haiku-5-5 (tone): 8 questions, 0 unscored (0.0 %)"])
    first.stdout.fnmatch_lines(["  claude-haiku-5-5: 8 asked (0 cached), 8 requests, $0.0000"])
    assert len(judged.requests) == 8
    assert judged.requests[0]["tools"][0]["strict"] is True
    assert judged.requests[0]["system"][0]["cache_control"] == {"type": "ephemeral"}
    assert len({json.dumps(body["system"]) for body in judged.requests}) == 1
    assert '"questions": 8' in (project.path / "junit.xml").read_text().replace("&quot;", '"')

    second = project.run("--ftgate-regrade", "last")
    second.assert_outcomes(passed=4, failed=4)
    second.stdout.fnmatch_lines(["  claude-haiku-5-5: 8 asked (8 cached), 0 requests, $0.0000"])
    assert len(judged.requests) == 8, "a regrade finds the verdicts of the run before"


def test_refusals_are_asked_again_once_then_unscored_and_too_many_are_integrity(project, answering, judged):
    judged.faults = lambda text, attempt: REFUSAL if "question 3" in text else None
    answering(lambda _messages: "5")
    project.golden("tone", CASES, JUDGE.format(url=judged.url, more=""))
    result = project.run("-rs")
    result.assert_outcomes(passed=7, skipped=1)
    assert result.ret == 11
    result.stdout.fnmatch_lines(["*unscored: the judge refused twice"])
    result.stdout.fnmatch_lines(["judge * 8 questions, 1 unscored (12.5 %), 1 retried, 2 refusals"])
    result.stdout.fnmatch_lines(["  INTEGRITY: above 5 % unscored, results of this judge are invalid"])
    assert judged.seen.most_common(1)[0][1] == 2


def test_a_server_without_tool_calls_is_told_with_the_key_that_it_needs(project, answering, judged):
    judged.reply = lambda _body: "I would say 5."
    answering(lambda _messages: "5")
    project.golden("tone", CASES[:2], JUDGE.format(url=judged.url, more=""))
    result = project.run()
    assert result.ret == 11
    why = "no call of tool 'give_verdict'; if the server has no tool calls, set structured = \"json_schema\" in "
    result.stdout.fnmatch_lines([f"  unscored: invalid verdict twice: {why}*judge]"])


def test_a_judge_that_answers_no_longer_is_a_failure_not_a_grade(project, answering, judged):
    answering(lambda _messages: "5")
    project.golden(
        "tone", CASES, JUDGE.format(url=judged.url, more="budget_dollars = 0.0\nprices = {input = 1.0, output = 5.0}\n")
    )
    result = project.run("--ftgate-judge-budget", "0")
    result.assert_outcomes(failed=8)
    result.stdout.fnmatch_lines(["*not sent: it may cost *"])
    assert not judged.requests


def test_much_money_is_not_spent_where_nobody_can_agree(project, answering, judged):
    answering(lambda _messages: "5")
    project.golden("tone", CASES, JUDGE.format(url=judged.url, more="prices = {input = 1000.0, output = 5000.0}\n"))
    result = project.run()
    result.stdout.fnmatch_lines(
        ["*judging by claude-haiku-5-5 may cost up to $*, above confirm_above_dollars = 1; cannot ask for confirmation"]
    )
    assert not judged.requests
    assert result.ret == 1


def test_faults_of_judge_tables_are_told_with_their_line(project):
    project.golden("one", CASES, '[[grader]]\nkind = "judge"\n')
    project.golden("two", CASES, '[judge]\nmodle = "x"\n[judge.criteria.Tone]\nquestion = "?"\n')
    project.golden("three", [{"id": "a", "input": "x"}], '[[grader]]\nkind = "judge"\n[judge]\n')
    project.golden("four", [{"id": "a", "input": "x"}], "[judge]\ncompare = true\n")
    result = project.run()
    assert result.ret == 2
    text = result.stdout.str()
    for part in (
        "golden.toml:1: grader 'judge': the golden set has no [judge]",
        "golden.toml:1: [judge]: unknown key modle; known: model, base_url",
        "golden.toml:1: [judge]: criteria: invalid name 'Tone'; use lower-case",
        "criteria.Tone needs a string for each level; missing: 1, 2, 3, 4, 5",
        "the case has no `expected`, which this judge needs as reference",
        "four/cases.jsonl:1: the case has no `expected`, which [judge] needs as reference",
    ):
        assert part in text, part


TEST = """
import pytest

@pytest.mark.golden("tone")
def test_tone(case, response, judge):
    verdict = judge(response.text)
    assert verdict["helpful"] == "5" and verdict.value == 1.0

@pytest.mark.golden("tone")
def test_better(case, response, judge):
    assert judge(response.text, against="hm")["better"] == "first"

def test_alone(judge):
    assert judge("5", question="How?", checklist={"polite": "Is it polite?"})["polite"] == "yes"
    assert judge("5", reference="five")["correct"] == "yes"

def test_bad(judge):
    judge("5", checklist={"Polite": "?"})
"""


def test_the_fixture_judges_by_the_sets_rubric_by_its_own_and_in_both_orders(project, answering):
    def level(data, name):
        return "5" if name == "helpful" else "yes"

    with MessagesServer(
        judging(level, lambda first, second: "first" if len(first) > len(second) else "second")
    ) as server:
        answering(lambda _messages: "five")
        project.golden("tone", CASES[:2], JUDGE.format(url=server.url, more=""))
        project.write("test_it.py", TEST)
        result = project.run("test_it.py", "--ftgate-judge-url", server.openai_url, "--ftgate-judge-model", "local")
        result.assert_outcomes(passed=5, failed=1)
        result.stdout.fnmatch_lines(["*checklist: invalid name 'Polite'; use lower-case*"])
        paths = ["messages" if "system" in body else "chat" for body in server.requests]
        assert paths.count("chat") == 2, "an address with /v1 at its end is OpenAI's API"
        assert len(server.requests) == 2 + 4 + 2


def test_all_answers_are_judged_in_one_batch(project, answering, judged):
    answering(lambda _messages: "5")
    project.golden("tone", CASES, JUDGE.format(url=judged.url, more="poll_s = 0.01\n"))
    result = project.run("--ftgate-judge-batch")
    result.assert_outcomes(passed=8)
    assert not judged.requests
    assert sum(judged.answered.values()) == 8
    assert len(judged.batches.created) == 1


GATE = "[gate]\n[[gate.floor]]\nmetric = 'accuracy'\nmin = 0.5\n"


def test_without_the_key_of_its_judge_no_model_is_asked_and_other_sets_run(project, answering, judged):
    answering(lambda _messages: "5")
    project.golden("tone", CASES, JUDGE.format(url=judged.url, more='api_key_env = "NO_SUCH_KEY"\n') + GATE)
    project.golden("other", [{"id": "o", "input": "o", "expected": "5"}])
    result = project.run()
    assert_unasked(result, 8, passed=1, failed=3)
    result.stdout.fnmatch_lines(
        [
            "ftgate: tone: not asked: judge claude-haiku-5-5: no API key for *: environment variable NO_SUCH_KEY is *",
            "*8 of 8 cases not measured: the judge could not be asked*",
        ]
    )
    assert len(project.server.requests) == 1
    assert not judged.requests


def test_a_missing_key_of_the_judge_stops_nothing_that_does_without_it(project, answering, judged):
    answering(lambda _messages: "a0")
    cases = [CASES[0], CASES[1] | {"graders": [{"kind": "judge"}]}]
    toml = JUDGE.format(url=judged.url, more='api_key_env = "NO_SUCH_KEY"\n')
    project.golden("mixed", cases, toml.replace('[[grader]]\nkind = "judge"\nthreshold = 0.75\n', ""))
    project.run("-k", "c0").assert_outcomes(passed=1, deselected=1)
    test = "def test_text(response): assert response.text == 'a0'\n"
    project.write("test_it.py", f"import pytest\n@pytest.mark.golden('mixed')\n{test}")
    project.run("test_it.py").assert_outcomes(passed=2)


def test_a_judge_whose_key_is_refused_is_not_asked_again_for_every_case(project, answering, judged):
    judged.faults = lambda text, attempt: Fault(401, "no such key")
    answering(lambda _messages: "5")
    project.golden("tone", CASES, JUDGE.format(url=judged.url, more="concurrency = 1\n"))
    result = project.run()
    result.assert_outcomes(failed=8)
    result.stdout.fnmatch_lines(["*does not serve model 'claude-haiku-5-5' to this key*"])
    assert judged.seen.total() == 1


def test_a_pipeline_with_a_fault_takes_neither_the_end_of_a_plain_run_nor_the_bill(project, answering, judged):
    answering(lambda _messages: "5")
    project.locked("tone", CASES, JUDGE.format(url=judged.url, more=""))
    project.write("pipelines/reply/pipeline.toml", 'goldens = ["tone"]\n[base]\nmodle = "x"\n')
    result = project.run("goldens")
    result.assert_outcomes(passed=8)
    assert result.ret == 0, result.stdout.str()
    result.stdout.fnmatch_lines(["  claude-haiku-5-5: 8 asked (0 cached), 8 requests, $0.0000"])


def test_a_panel_on_a_worker_of_xdist_tells_its_agreement(project, answering):
    """One of two judges sees every answer one level higher; three repeats each."""
    cases = [{"id": f"c{i}", "input": "x" * (i + 1)} for i in range(12)]

    def reply(body):
        own = judging(lambda data, _name: str(min(5, len(data["answer"]) // 4 + (body["model"] == "kind") + 1)))
        return own(body)

    with MessagesServer(reply) as server:
        answering(lambda messages: messages[-1]["content"])
        more = 'repeats = 3\njoin = "mean"\npanel = [{model = "kind"}, {model = "strict"}]\n'
        project.golden("tone", cases, JUDGE.format(url=server.url, more=more).replace("0.75", "0.5"))
        result = project.pytester.runpytest_subprocess(
            "-n", "2", "--ftgate-base-url", project.server.base_url, "--ftgate-model", "mock"
        )
        result.stdout.fnmatch_lines(["judge kind + strict, 3 repeats each (tone): 12 questions, 0 unscored (0.0 %)"])
        result.stdout.fnmatch_lines(["  vote agreement 0.5*", "  verbosity +* rank correlation of verdict and length"])
        result.stdout.fnmatch_lines(["  kind: 36 asked*", "  strict: 36 asked*"])
        assert len(server.requests) == 72


def test_a_judge_grades_the_cases_that_name_it_and_a_changed_rubric_is_a_changed_set(project, answering, judged):
    answering(lambda _messages: "5")
    cases = [CASES[0], CASES[1] | {"expected": "5"}, CASES[2] | {"graders": [{"kind": "judge"}]}]
    toml = JUDGE.format(url=judged.url, more="").replace('[[grader]]\nkind = "judge"\nthreshold = 0.75\n', "")
    path = project.golden("mixed", cases, toml)
    result = project.run()
    result.assert_outcomes(passed=2, failed=1)
    assert len(judged.requests) == 1
    before = {case.id: case.digest for case in load_suite(path).cases}
    path.write_text(toml.replace("A part.", "Some of it."))
    after = {case.id: case.digest for case in load_suite(path).cases}
    assert [name for name in before if before[name] != after[name]] == ["c2"]


def test_in_a_project_without_goldens_every_worker_of_xdist_may_ask(project, judged):
    judged.reply = judging()
    project.write(
        "test_it.py",
        "import pytest\n@pytest.mark.parametrize('n', range(6))\ndef test_polite(n, judge):\n"
        "    assert judge(f'answer {n}', checklist={'polite': 'Is it?'})['polite'] == 'yes'\n",
    )
    result = project.pytester.runpytest_subprocess("-n", "2", "--ftgate-judge-url", judged.url)
    result.assert_outcomes(passed=6)
    assert len(judged.requests) == 6
    result.stdout.fnmatch_lines(["judge claude-haiku-5-5 (tests): 6 questions, 0 unscored (0.0 %)"])


def test_every_worker_of_xdist_that_asks_has_its_share_of_the_budget(project, judged):
    judged.reply = judging()
    project.write(
        "test_it.py",
        "import pytest\nfrom pytest_ftgate.plugin.session import KEY\n"
        "@pytest.mark.parametrize('n', range(2))\ndef test_polite(n, judge, request):\n"
        "    judge(f'answer {n}', checklist={'polite': 'Is it?'})\n"
        "    [provider] = request.config.stash[KEY].judges.pool._providers._open.values()\n"
        "    assert provider.settings.budget_dollars == BUDGET\n".replace("BUDGET", "0.5"),
    )
    url = ("--ftgate-judge-url", judged.url, "--ftgate-judge-budget")
    project.pytester.runpytest_subprocess("-n", "2", *url, "1.0").assert_outcomes(passed=2)
    project.pytester.runpytest_subprocess(*url, "0.5").assert_outcomes(passed=2)


def test_without_goldens_too_much_without_a_verdict_is_integrity(project, judged):
    judged.faults = lambda text, attempt: REFUSAL
    project.write("test_it.py", "def test_polite(judge):\n    judge('hm', checklist={'polite': 'Is it?'})\n")
    result = project.run("--ftgate-judge-url", judged.url)
    result.assert_outcomes(skipped=1)
    assert result.ret == 11
    result.stdout.fnmatch_lines(["  INTEGRITY: above 5 % unscored, results of this judge are invalid"])


def test_sets_with_one_model_tell_its_bill_once(project, answering, judged):
    answering(lambda _messages: "5")
    toml = JUDGE.format(url=judged.url, more="")
    project.golden("one", CASES, toml)
    project.golden("two", CASES[:2], toml.replace("A part.", "Some of it."))
    result = project.run()
    result.stdout.fnmatch_lines(["judge claude-haiku-5-5 (one): 8 questions*"])
    result.stdout.fnmatch_lines(["judge claude-haiku-5-5 (two): 2 questions*"])
    assert [line for line in result.outlines if " asked (" in line] == [
        "  claude-haiku-5-5, total for one, two: 10 asked (0 cached), 10 requests, $0.0000"
    ]


def test_judges_of_one_name_that_are_asked_differently_have_a_bill_each(project, answering, judged):
    answering(lambda _messages: "5")
    panel = 'panel = [{model = "m"}, {model = "m", thinking = true}]\n'
    project.golden("tone", CASES[:3], JUDGE.format(url=judged.url, more=panel))
    result = project.run()
    result.stdout.fnmatch_lines(["  m (anthropic, tools): 3 asked*", "  m (anthropic, tools, thinking): 3 asked*"])
