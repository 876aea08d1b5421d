"""Logs of production as they are written elsewhere -> requests."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from pytest_ftgate.data.request_log.read import read_requests
from pytest_ftgate.errors import FileFaults
from tests.projects import write, write_rows

CHAT = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Win a prize?"}]


def test_a_line_of_a_server_and_pairs_of_openai_are_read_and_who_asked_is_not(tmp_path):
    answer = {"model": "served", "choices": [{"index": 0, "message": {"role": "assistant", "content": "spam"}}]}
    file = write_rows(
        tmp_path / "log.jsonl",
        [
            {
                "at": "2026-11-28T10:00:00Z",
                "id": "r1",
                "input": "Hi",
                "output": "ham",
                "model": "sms/v3",
                "user": "ann",
            },
            {"at": "2026-11-28T10:00:01Z", "messages": CHAT, "output": "spam", "model": "sms/v3"},
            {"request": {"model": "asked", "messages": CHAT}, "response": answer},
            {"custom_id": "1", "request": {"body": {"messages": CHAT}}, "response": {"body": answer}},
            {"request": {"prompt": "Hello there"}, "response": {"choices": [{"text": "hi"}]}},
            {"input": {"text": "Hi"}},
        ],
    )
    found = read_requests(file)
    assert [each.output for each in found] == ["ham", "spam", "spam", "spam", "hi", None]
    assert [each.question for each in found] == ["Hi", *["Win a prize?"] * 3, "Hello there", "Hi"]
    assert (found[0].at, found[0].model) == ("2026-11-28T10:00:00Z", "sms/v3")
    assert "ann" not in repr(found)


def test_a_request_without_text_is_one(tmp_path):
    picture = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}
    rows = [{"input": [1, 2, 3]}, {"messages": [picture]}, {"request": {"prompt": [[1, 2], [3]]}}]
    assert [each.input for each in read_requests(write_rows(tmp_path / "log.jsonl", rows))] == ["", "", ""]


def test_what_vllm_itself_logs_is_read():
    """Written by `vllm serve --enable-log-requests --enable-log-outputs` 0.32 on SmolLM2, VLLM_LOGGING_LEVEL=DEBUG.

    A completion; two that it refused; a streamed chat; the same in one piece; one whose client chose its id.
    """
    found = read_requests(Path(__file__).with_name("vllm-0.32.log"))
    said = 'It\'s "spam"?\nOr not'
    assert [each.question for each in found] == ["Hello there", said, said, "Hi you"]
    assert [each.output for each in found][1:] == ["You**re** already", "Spam. Confirmation", "your little buddy, j"]
    assert found[1].input[0] == {"content": "Be brief.", "role": "system"}


def test_the_lines_are_those_that_the_installed_vllm_writes():
    """A newer vLLM that words them otherwise would be read as nothing."""
    import importlib.util

    spec = importlib.util.find_spec("vllm")
    if spec is None or spec.origin is None:
        pytest.skip("vLLM is not installed: `make vllm`")
    source = Path(spec.origin).parent / "entrypoints/serve/utils/request_logger.py"
    text = re.sub(r'"\s*"', "", source.read_text(encoding="utf-8"))
    for wanted in (
        "Request %s details: prompt: %r, prompt_token_ids: %s",
        "Request %s JSON body: %s",
        "Generated response %s%s: output: %r, finish_reason: %s",
        "Received request %s: params: %s",
    ):
        assert wanted in text


def test_a_log_of_vllm_without_prompts_says_how_to_have_them(tmp_path):
    line = "INFO 11-28 20:50:55 [request_logger.py:65] Received request cmpl-8: params: SamplingParams(n=1)."
    with pytest.raises(FileFaults, match=r"(?s)no prompt is logged.*VLLM_LOGGING_LEVEL=DEBUG"):
        read_requests(write(tmp_path / "vllm.log", line))


def test_a_line_that_is_no_request_is_named_without_what_it_says(tmp_path):
    rows = [{"input": "Hi"}, {"customer": "ann@acme.org"}, {"messages": []}]
    file = write(tmp_path / "log.jsonl", "".join(json.dumps(row) + "\n" for row in rows) + "nonsense\n")
    with pytest.raises(FileFaults) as caught:
        read_requests(file)
    assert [fault.line for fault in caught.value.faults] == [2, 3, 4]
    assert "ann@acme.org" not in str(caught.value)


def test_a_few_lines_that_cannot_be_read_are_left_out_and_counted(tmp_path):
    rows = [json.dumps({"input": f"text {number}"}) for number in range(19)]
    lines, said = [*rows[:10], r'{"input": "half \ud800"}', *rows[10:], '{"input": "to'], []
    assert len(read_requests(write(tmp_path / "log.jsonl", "\n".join(lines)), said.append)) == 19
    assert len(said) == 1
    assert "2 of 21 lines left out, the first as " in said[0]
    assert "log.jsonl:11" in said[0]
    assert len(read_requests(write(tmp_path / "torn.jsonl", rows[0] + '\n{"inp'))) == 1, "a server writes it right now"


def test_conversations_with_their_answer_and_the_responses_api_are_read(tmp_path):
    parts = [{"type": "input_text", "text": "Win a prize?"}]
    answer = {"output": [{"type": "message", "content": [{"type": "output_text", "text": "spam"}]}]}
    rows = [
        {"messages": [*CHAT, {"role": "assistant", "content": "spam"}]},
        {"request": {"input": [{"role": "user", "content": parts}], "instructions": "Be brief."}, "response": answer},
        {"request": {"input": "Win a prize?"}, "response": answer},
    ]
    found = read_requests(write_rows(tmp_path / "log.jsonl", rows))
    assert [(each.question, each.output) for each in found] == [("Win a prize?", "spam")] * 3
    assert [found[0].input, found[1].input[0]] == [CHAT, CHAT[0]]
