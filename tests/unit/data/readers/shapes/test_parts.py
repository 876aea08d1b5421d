"""row_of: nothing of a message is dropped without a name."""

from __future__ import annotations

import datetime

import pytest

from pytest_ftgate.data.readers.record import Record
from pytest_ftgate.data.readers.row import DataRow
from pytest_ftgate.data.readers.shapes import row_of

ASKED = {"role": "user", "content": "q"}
DAY = datetime.date(2026, 1, 1)


def read(data: dict[str, object]) -> object:
    return row_of(Record("t.jsonl", 7, data))


def of_part(part: dict[str, object]) -> object:
    return read({"messages": [{"role": "user", "content": [part]}, {"role": "assistant", "content": "a"}]})


def test_unknown_keys_of_a_part_are_named():
    found = of_part({"type": "text", "text": "q", "cache_control": {"type": "ephemeral"}, "lang": "en"})
    assert isinstance(found, DataRow), found
    assert found.unused == ("messages[].content[].lang",)


@pytest.mark.parametrize("key", ["image_url", "inlineData", "fileData", "input_audio"])
def test_a_text_with_a_picture_in_one_part_is_refused(key):
    assert f"has a part with {key!r}; only text is trained" in str(of_part({"text": "q", key: {"uri": "x"}}))


def test_a_text_with_a_call_in_one_part_is_refused():
    assert "has a part with 'text' and 'functionCall'" in str(of_part({"text": "q", "functionCall": {"name": "f"}}))


def test_a_message_has_one_content():
    two = {"messages": [{"role": "user", "content": "q", "value": "r"}, {"role": "assistant", "content": "a"}]}
    assert "has 'content' and 'value'; expected one of them" in str(read(two))
    one = {"messages": [{"role": "user", "content": "", "value": "r"}, {"role": "assistant", "content": "a"}]}
    assert read(one).question == "r"


def test_an_instruction_has_a_context_whatever_answers_it():
    found = read({"instruction": "i", "context": "c", "output": "o"})
    assert (found.question, found.unused) == ("i\n\nc", ())


@pytest.mark.parametrize(
    "data",
    [
        {"text": "t", "label": DAY},
        {"text": "t", "label": b"x"},
        {"input": "t", "expected": b"x"},
        {
            "messages": [ASKED, {"role": "assistant", "content": "a"}],
            "tools": [{"name": "f", "parameters": {"x": DAY}}],
        },
        {"messages": [ASKED, {"role": "assistant", "tool_calls": [{"name": "f", "arguments": {"x": b"1"}}]}]},
    ],
)
def test_what_is_no_json_is_a_fault(data):
    assert "cannot be written as JSON" in str(read(data))


def test_tools_and_results_of_another_kind_are_no_traceback():
    answered = [ASKED, {"role": "assistant", "content": "a"}]
    assert "'tools' is a number" in str(read({"messages": answered, "tools": [{"functionDeclarations": 5}]}))
    assert "turn 1 has role tool" in str(of_part({"functionResponse": "x"}))


def test_rows_for_reinforcement_say_what_to_do():
    said = str(read({"messages": [ASKED], "reference_answer": "10", "item": {}}))
    assert "'reference_answer' beside messages that end without an answer is for reinforcement" in said
    assert "or write a golden set" in said
    assert "reinforcement" not in str(read({"messages": [ASKED], "cluster": "c"}))
