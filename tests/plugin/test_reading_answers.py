"""Whole runs against servers that answer as reasoning models and models with tools do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.mock_openai import Fault, Message

CASES = [{"id": "a", "input": "I pay twice", "expected": "billing"}]
TOOL = {"type": "function", "function": {"name": "lookup", "parameters": {"type": "object"}}}
CALL = {"id": "c1", "type": "function", "function": {"name": "lookup", "arguments": '{"q": "pay"}'}}


def saying(finish: str = "stop", **message: Any) -> Fault:
    """An answer with this message, whatever is in it."""
    usage = {"prompt_tokens": 4, "completion_tokens": 7}
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}
    return Fault(body=json.dumps({"choices": [choice], "usage": usage}), headers={"Content-Type": "application/json"})


def journal(project) -> list[dict[str, Any]]:
    """The responses that the run wrote."""
    files = [*project.path.rglob("journal/*.jsonl")]
    return [json.loads(line)["response"] for file in files for line in file.read_text("utf-8").splitlines()]


@pytest.mark.parametrize(
    "answer",
    [
        saying(content="<think>Which label? Is it bug?</think>\n\nbilling"),
        saying(content="Which label? Is it bug?</think>\n\nbilling"),
        saying(content="billing", reasoning_content="Which label? Is it bug?"),
        saying(
            content=[{"type": "thinking", "thinking": "Which label? Is it bug?"}, {"type": "text", "text": "billing"}]
        ),
        saying(
            content="<|channel|>analysis<|message|>Which label? Is it bug?<|end|><|start|>assistant<|channel|>final"
            "<|message|>billing"
        ),
    ],
)
def test_a_reasoning_model_is_judged_by_its_answer(project, answering, answer):
    answering(lambda _: answer)
    project.golden(
        "tickets", CASES, '[[grader]]\nkind = "exact"\n[[grader]]\nkind = "not_contains"\nvalues = ["bug"]\n'
    )
    assert project.run().ret == 0
    [response] = journal(project)
    assert (response["text"], response["reasoning"]) == ("billing", "Which label? Is it bug?")


def test_reasoning_may_be_kept_in_the_answer(project, answering):
    answering(lambda _: saying(content="<think>Hmm</think>billing"))
    project.golden("tickets", CASES, '[request]\nreasoning = "keep"\n')
    result = project.run()
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*found '<think>Hmm</think>billing', expected 'billing'*"])


def test_a_stream_is_split_too(project, answering):
    answering(lambda _: "<think>Is it bug?</think>\n\nbilling")
    project.golden("tickets", CASES, "[request]\nstream = true\n")
    assert project.run().ret == 0
    assert journal(project)[0]["reasoning"] == "Is it bug?"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (saying("length", content="<think>Is it"), "cut off while thinking, at max_tokens (7 tokens): 'Is it'"),
        (
            saying("length", content=None, reasoning="Is it"),
            "cut off while thinking, at max_tokens (7 tokens): 'Is it'",
        ),
        (saying(content="<think>Is it"), "no answer, only thinking: 'Is it'"),
        (saying("tool_calls", content=None, tool_calls=[CALL]), "called the tool 'lookup' instead of answering"),
        (saying("tool_calls", tool_calls=[CALL]), "called the tool 'lookup' instead of answering"),
        (saying(content=""), "the answer is empty"),
        (saying(content=None), "the answer is empty"),
    ],
)
def test_why_there_is_no_answer(project, answering, answer, reason):
    answering(lambda _: answer)
    project.golden("tickets", CASES)
    result = project.run()
    assert result.ret == 1
    assert reason in result.stdout.str()


def test_json_in_a_fence_is_found(project, answering):
    answering(lambda _: 'Sure: ~~~~json\r\n{"label": "billing"}\r\n~~~~\r\nBye.')
    project.golden("tickets", [{**CASES[0], "expected": {"label": "billing"}}])
    assert project.run().ret == 0


def calls(*functions: dict[str, Any]) -> Fault:
    return saying("tool_calls", content=None, tool_calls=[{"type": "function", "function": each} for each in functions])


def test_tool_calls_are_answers(project, answering):
    wanted = [{"name": "lookup", "arguments": {"q": "pay"}}]

    def answer(messages: list[Message]) -> Fault:
        return calls({"name": "lookup", "arguments": json.dumps({"q": messages[-1]["content"]})})

    server = answering(answer)
    cases = [
        {"id": "right", "input": "pay", "expected": wanted},
        {"id": "wrong", "input": "bug", "expected": wanted},
        {"id": "own", "input": "pay", "expected": wanted, "tools": [{**TOOL, "function": {"name": "own"}}]},
    ]
    project.golden(
        "agent",
        cases,
        '[request]\ntools = [{type = "function", function = {name = "lookup"}}]\n[[grader]]\nkind = "tool_calls"\n',
    )
    result = project.run()
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(['*found [[]{"name": "lookup", "arguments": {"q": "bug"}}], expected [[]{"name"*'])
    assert sorted(body["tools"][0]["function"]["name"] for body in server.requests) == ["lookup", "lookup", "own"]


def test_further_keys_reach_the_server(project, answering):
    server = answering(lambda _: "billing")
    extra = (
        '[request.extra]\nreasoning_effort = "low"\nmax_completion_tokens = 900\nchat_template_kwargs = {a = false}\n'
    )
    project.golden("tickets", CASES, extra)
    assert project.run().ret == 0
    [body] = server.requests
    assert (body["reasoning_effort"], body["chat_template_kwargs"]) == ("low", {"a": False})
    assert body["max_completion_tokens"] == 900
    assert "max_tokens" not in body


def test_a_key_that_the_plugin_sets_is_refused_with_its_line(project, answering):
    answering(lambda _: "billing")
    project.golden("tickets", CASES, "[request.extra]\ntemperature = 1.0\n")
    result = project.run()
    assert result.ret != 0
    result.stdout.fnmatch_lines(["*golden.toml:2: 'temperature' is not allowed in *"])
