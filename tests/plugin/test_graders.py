"""Graders in a run: graded values and the gate, groups that ask a judge or the project's code, what is not installed."""

from __future__ import annotations

import sys

import anthropic  # noqa: F401 - pytester would import it anew in every run
import pytest

from tests.messages_server import MessagesServer
from tests.scripted_judge import judging

CASES = [{"id": f"c{i}", "input": f"question {i}", "expected": f"a train to town {i}"} for i in range(8)]
ROUGE = """
[[grader]]
kind = "rouge"
threshold = 0.3
[gate]
[[gate.floor]]
metric = "score"
min = {least}
"""


def nearly(messages):
    """Three of the five words of what is expected, so that rougeL is 0.6."""
    return f"a train to nowhere {messages[-1]['content'][-1] * 2}"


@pytest.mark.parametrize(("least", "passed"), [(0.4, True), (0.65, False)])
def test_a_floor_of_the_mean_value_counts_what_each_answer_is_worth(project, answering, least, passed):
    answering(nearly)
    project.locked("trains", CASES, ROUGE.format(least=least))
    result = project.run("--ftgate-markdown", "summary.md")
    assert (result.ret == 0) is passed
    text = (project.path / "summary.md").read_text() + result.stdout.str()
    assert "0.600" in text


def test_a_library_that_is_not_installed_is_a_fault_with_its_line(project, answering, monkeypatch):
    answering(nearly)
    monkeypatch.setitem(sys.modules, "rouge_score", None)
    project.golden("trains", CASES, '\n\n[[grader]]\nkind = "rouge"\n')
    result = project.run()
    assert result.ret != 0
    result.stdout.fnmatch_lines(
        [
            "*goldens/trains/golden.toml:3: grader 'rouge': rouge-score is not installed: pip install 'pytest-ftgate?text?'"
        ]
    )
    assert "Traceback" not in result.stdout.str()


def test_a_judge_inside_a_group_is_asked_for_all_answers_once(project, answering):
    toml = """
[[grader]]
kind = "any_of"
graders = [{{ kind = "exact" }}, {{ kind = "not_judge", threshold = 0.75 }}]
[judge]
base_url = "{url}"
[judge.criteria.rude]
question = "Is it rude?"
1 = "No."
2 = "Hardly."
3 = "A little."
4 = "Quite."
5 = "Very."
"""
    answering(lambda messages: f"{1 + int(messages[-1]['content'][-1]) % 2 * 4}")
    with MessagesServer(judging(lambda data, _name: data["answer"][-1])) as judge:
        project.golden("tone", CASES, toml.format(url=judge.url))
        project.run().assert_outcomes(passed=4, failed=4)
        assert len(judge.requests) == 8
        project.run("--ftgate-regrade", "last").assert_outcomes(passed=4, failed=4)
        assert len(judge.requests) == 8


def test_the_code_of_a_function_inside_a_group_is_locked(project, answering):
    answering(lambda _: "yes")
    project.write("mine.py", "def says_no(case, response):\n    return response.text == 'no'\n")
    project.pytester.makepyprojecttoml("")
    project.pytester.syspathinsert()
    inner = '{ kind = "not_python", call = "mine:says_no" }'
    project.locked("code", CASES, f'[[grader]]\nkind = "any_of"\ngraders = [{inner}]\n')
    project.run().assert_outcomes(passed=8)
    project.write("mine.py", "def says_no(case, response):\n    return 'o' in response.text\n")
    result = project.run()
    assert result.ret != 0
    result.stdout.fnmatch_lines(["*mine.py*changed*"])
