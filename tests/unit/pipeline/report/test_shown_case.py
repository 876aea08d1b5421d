"""What a person reads of a case: question, reasoning, answer, calls, expected value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_ftgate.evaluate.evaluation import Evaluation
from pytest_ftgate.evaluate.journal import Journal
from pytest_ftgate.evaluate.responses import Responses
from pytest_ftgate.evaluate.suite import load_suite
from pytest_ftgate.golden.case import digest_of
from pytest_ftgate.pipeline.report.shown_case import case_lines
from pytest_ftgate.serve.response import Response
from tests.projects import write_golden

MODEL = digest_of("model")
Show = Callable[..., list[str]]


@pytest.fixture
def show(tmp_path: Path) -> Show:
    """Lines of one case that got these answers: texts, or fields of a Response."""

    def lines(*answers: str | dict[str, Any], whole: bool = False, toml: str = "", **case: Any) -> list[str]:
        row = {"id": "a", "input": "Why?", "expected": "because"} | case
        suite = load_suite(write_golden(tmp_path / "set", [row], f"{toml}\n[request]\nrepeats = {len(answers)}\n"))
        journal = Journal(tmp_path, "set")
        responses = Responses(suite, MODEL, journal, reuse=True)
        for key, response in _keyed(responses, answers):
            journal.append(key, response, set="set", asked="")
        return list(case_lines(Evaluation(responses), suite.cases[0], whole=whole))

    return lines


def _keyed(responses: Responses, answers: tuple[str | dict[str, Any], ...]) -> Iterator[tuple[str, Response]]:
    [case] = responses.suite.cases
    for number, answer in enumerate(answers):
        fields = {"text": answer} if isinstance(answer, str) else {"text": "", **answer}
        yield responses._keys[case.id][number], Response("a", MODEL, repeat=number, **fields)


def test_one_answer(show: Show) -> None:
    assert show("so") == ["  question:   Why?", "  answer:     so", "  expected:   because"]


def test_reasoning_is_short_and_whole_with_vv(show: Show) -> None:
    thought = "First this. " * 200
    lines = show({"text": "so", "reasoning": thought})
    assert lines[1].startswith("  reasoning:  First this.")
    assert len(lines[1]) < 400
    assert lines[2] == "  answer:     so"
    assert thought.strip() in show({"text": "so", "reasoning": thought}, whole=True)[1]


def test_calls_are_an_answer(show: Show) -> None:
    calls = ({"name": "lookup", "arguments": '{"q": "x"}'}, {"name": "mail", "arguments": "{}"})
    assert show({"tool_calls": calls})[1:4] == ["  answer:", '    lookup({"q": "x"})', "    mail({})"]
    assert show({"text": "so", "tool_calls": calls})[1:3] == ["  answer:     so", "  calls:"]


def test_each_repeat_with_what_it_was_worth(show: Show) -> None:
    assert show("because", "so\nso")[1:6] == [
        "  repeat 1 of 2: passed",
        "    answer:     because",
        "  repeat 2 of 2: found 'so\\nso', expected 'because'",
        "    answer:",
        "      so",
    ]


@pytest.mark.parametrize(("text", "shown"), [("", "(empty)"), (" \n", "' \\n'")])
def test_what_cannot_be_seen_is_named(show: Show, text: str, shown: str) -> None:
    assert show(text)[1] == f"  answer:     {shown}"


def test_a_question_of_several_turns_and_no_expected_value(show: Show) -> None:
    turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    lines = show("so", input=[*turns, {"role": "user", "content": "Why?"}], expected=None, toml="grader = []\n")
    assert lines == ["  question, turn 3: Why?", "  answer:     so"]


def test_short_json_in_one_line_and_long_json_in_several(show: Show) -> None:
    toml = '[[grader]]\nkind = "json_fields"\n'
    assert show("{}", expected={"a": 1}, toml=toml)[-1] == '  expected:   {"a": 1}'
    assert show("{}", expected={"text": "x" * 100}, toml=toml)[2:4] == ["  expected:", "    {"]
