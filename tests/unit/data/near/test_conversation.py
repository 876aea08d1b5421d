"""What is asked in a row of any shape: the question, each user turn, each column of a question."""

from __future__ import annotations

import pytest

from pytest_ftgate.data.near.rows import Row
from pytest_ftgate.golden.case import Case
from pytest_ftgate.leakage.check import find_leaks

ASKED, ANSWER = "Broke after a day.", "bad"
GOLDEN = Case("g", ASKED, ANSWER)
USER, SAID = {"role": "user", "content": ASKED}, {"role": "assistant", "content": ANSWER}
PARTS = [{"type": "text", "text": ASKED}]
THANKS = [{"role": "user", "content": "thanks"}, {"role": "assistant", "content": "you are welcome"}]
SYSTEM = {"role": "system", "content": "Label it."}

SHAPES = {
    "chat": {"messages": [SYSTEM, USER, SAID]},
    "developer": {"messages": [{"role": "developer", "content": "Label it."}, USER, SAID]},
    "a later turn": {"messages": [*THANKS, USER, SAID]},
    "an earlier turn": {"messages": [USER, SAID, *THANKS]},
    "content parts": {"messages": [{"role": "user", "content": PARTS}, SAID]},
    "an image beside the text": {
        "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}, *PARTS]}, SAID]
    },
    "ShareGPT": {"conversations": [{"from": "human", "value": ASKED}, {"from": "gpt", "value": ANSWER}]},
    "ShareGPT with a system turn": {
        "conversations": [
            {"from": "system", "value": "Label it."},
            {"from": "human", "value": ASKED},
            {"from": "gpt", "value": ANSWER},
        ]
    },
    "Vertex": {
        "systemInstruction": {"role": "system", "parts": [{"text": "Label it."}]},
        "contents": [{"role": "user", "parts": [{"text": ASKED}]}, {"role": "model", "parts": [{"text": ANSWER}]}],
    },
    "Anthropic": {"system": "Label it.", "messages": [USER, SAID]},
    "OpenAI DPO": {
        "input": {"messages": [USER], "tools": []},
        "preferred_output": [SAID],
        "non_preferred_output": [{"role": "assistant", "content": "good"}],
    },
    "preference": {"prompt": [SYSTEM, USER], "chosen": [SAID], "rejected": [{**SAID, "content": "good"}]},
    "preference, whole": {"chosen": [SYSTEM, USER, SAID], "rejected": [SYSTEM, USER, {**SAID, "content": "good"}]},
    "query": {"query": ASKED, "response": ANSWER},
    "question and context": {"context": "Of a phone.", "question": ASKED, "answer": ANSWER},
    "instruction and input": {"instruction": "Label it.", "input": ASKED, "output": ANSWER},
    "instruction alone": {"instruction": ASKED, "input": "", "output": ANSWER},
    "split over instruction and input": {"instruction": "Broke after", "input": "a day", "output": ANSWER},
    "history": {"instruction": "And this?", "output": "good", "history": [[ASKED, ANSWER]]},
    "text": {"text": ASKED, "label": 1},
    "ChatML in a text": {
        "text": f"<|im_start|>system\nLabel it.<|im_end|>\n<|im_start|>user\n{ASKED}<|im_end|>\n"
        f"<|im_start|>assistant\n{ANSWER}<|im_end|>\n"
    },
    "Llama 3 in a text": {
        "text": "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n"
        f"{ASKED}<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n{ANSWER}<|eot_id|>"
    },
    "Llama 2 in a text": {"text": f"<s>[INST] <<SYS>>\nLabel it.\n<</SYS>>\n\n{ASKED} [/INST] {ANSWER} </s>"},
    "Mistral in a prompt": {"prompt": f"[INST] {ASKED} [/INST]", "completion": ANSWER},
    "Gemma in a text": {
        "text": f"<start_of_turn>user\n{ASKED}<end_of_turn>\n<start_of_turn>model\n{ANSWER}<end_of_turn>\n"
    },
    "Phi in a text": {"text": f"<|user|>\n{ASKED}<|end|>\n<|assistant|>\n{ANSWER}<|end|>"},
    "Alpaca in a text": {"text": f"Below is a task.\n\n### Instruction:\n{ASKED}\n\n### Response:\n{ANSWER}"},
    "Human and Assistant": {"text": f"\n\nHuman: {ASKED}\n\nAssistant: {ANSWER}"},
    "ShareGPT with a call": {
        "conversations": [
            {"from": "human", "value": ASKED},
            {"from": "tool_call", "value": '{"name": "look"}'},
            {"from": "tool_response", "value": "found"},
            {"from": "gpt", "value": ANSWER},
        ]
    },
    "a role that nobody knows": {"messages": [USER, {"role": "critic", "content": "Hm."}, SAID]},
    "asked by a role that nobody knows": {"messages": [{"role": "customer", "content": ASKED}, SAID]},
    "a role in capitals": {"messages": [{"role": "User", "content": ASKED}, {"role": "Assistant", "content": "x"}]},
    "a turn without a role": {"messages": [{"content": ASKED}, SAID]},
    "a turn with its text in text": {"messages": [{"role": "user", "text": ASKED}, SAID]},
    "a turn with a date": {"messages": [{**USER, "date": "2024-01-01"}, SAID]},
    "a conversation of another name": {"chat": [USER, SAID]},
    "Dolly with a context": {"instruction": "Label it.", "context": ASKED, "response": ANSWER},
    "a column beside the question": {"question": "Which label?", "comment": ASKED, "answer": ANSWER},
    "unknown columns": {"sentence1": ASKED, "label": 0, "idx": 17},
    "KTO": {"prompt": ASKED, "completion": "good", "label": False},
}


@pytest.mark.parametrize("data", SHAPES.values(), ids=SHAPES)
def test_a_golden_of_four_words_is_a_leak_in_every_shape(data: dict[str, object]) -> None:
    [leak] = find_leaks([GOLDEN], [Row("t", 1, data)]).leaks
    assert (leak.golden_id, leak.stage) == ("g", "exact")


def test_the_columns_of_an_object_are_its_variables() -> None:
    golden = Case("g", {"word": "bank", "text": "We sat by it."}, "river")
    row = {"text": "We sat by it.", "word": "bank", "target": "river", "id": 3}
    assert len(find_leaks([golden], [Row("t", 1, row)]).leaks) == 1


@pytest.mark.parametrize(
    "data",
    [
        {"prompt": "What broke after a day?", "completion": ASKED},
        {"messages": [{"role": "user", "content": "Say something."}, {"role": "assistant", "content": ASKED}]},
        {"question": "How was it?", "answer": ASKED},
        {"text": f"<|im_start|>user\nHow?<|im_end|>\n<|im_start|>assistant\n{ASKED}<|im_end|>"},
        {"text": f"Human: How?\n\nAssistant: {ASKED}"},
        {"conversations": [{"from": "human", "value": "How?"}, {"from": "gpt", "value": ASKED}]},
    ],
)
def test_a_short_golden_in_an_answer_is_nobodys_question(data: dict[str, object]) -> None:
    assert find_leaks([GOLDEN], [Row("t", 1, data)]).found == ()


def test_the_marks_of_a_long_text_are_looked_at_in_linear_time() -> None:
    row = Row("t", 1, {"text": "<|im_start|>user\n" * 50_000 + "### " * 50_000 + "Human" * 50_000})
    assert len(row.other_questions) < 500


def test_what_a_turn_carries_beside_its_text_is_no_text_of_it() -> None:
    row = Row("t", 1, {"messages": [{"role": "user", "content": PARTS}, SAID]})
    assert row.question == ASKED
    assert row.other_questions == ()
    assert row.whole == f"{ASKED}\n{ANSWER}"


LONG = "The second carriage of the night train to Bergen was found empty but for a violin without strings."


@pytest.mark.parametrize(
    "turn",
    [
        {**SAID, "reasoning_content": LONG},
        {**SAID, "notes": LONG},
        {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "f", "arguments": LONG}}]},
        {"role": "oracle", "content": LONG},
    ],
    ids=["thoughts", "an unknown key", "a call", "an unknown role"],
)
def test_every_text_of_a_turn_is_compared(turn: dict[str, object]) -> None:
    row = Row("t", 1, {"messages": [USER, turn]})
    assert len(find_leaks([Case("g", LONG, "x")], [row]).leaks) == 1
