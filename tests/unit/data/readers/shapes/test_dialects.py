"""row_of: the formats that people have, and what each becomes."""

from __future__ import annotations

import json

import pytest

from pytest_ftgate.data.readers.reader import read_rows
from pytest_ftgate.data.readers.record import Record
from pytest_ftgate.data.readers.row import DataRow
from pytest_ftgate.data.readers.shapes import SHAPES, row_of
from tests.unit.data.data_files import FORMATS

ASKED = [{"role": "user", "content": "Is the ferry late?"}]
SAID = "By ten minutes."
IN_FRENCH = {"role": "system", "content": "Answer in French."}
TOOL = {"type": "function", "function": {"name": "delay", "parameters": {"type": "object"}}}
CALL = {"id": "call_1", "type": "function", "function": {"name": "delay", "arguments": '{"line": 4}'}}


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def assistant(text: str, **more: object) -> dict[str, object]:
    return {"role": "assistant", "content": text, **more}


def row(data: dict[str, object]) -> DataRow:
    found = row_of(Record("t.jsonl", 7, data))
    assert isinstance(found, DataRow), found
    return found


def told(data: dict[str, object]) -> str:
    found = row_of(Record("t.jsonl", 7, data))
    assert isinstance(found, tuple), found
    return "\n".join(map(str, found))


QUESTION = ASKED[0]["content"]
ONE_EXCHANGE = {
    "ShareGPT": {"conversations": [{"from": "human", "value": QUESTION}, {"from": "gpt", "value": SAID}]},
    "Dolly": {"instruction": QUESTION, "context": "", "response": SAID},
    "query + response": {"query": QUESTION, "response": SAID},
    "prompt + response": {"prompt": QUESTION, "response": SAID},
    "question + answer": {"question": QUESTION, "answer": SAID},
    "question + response": {"question": QUESTION, "response": SAID},
    "input + output": {"input": QUESTION, "output": SAID},
    "text + label": {"text": QUESTION, "label": SAID},
    "input_text + output_text": {"input_text": QUESTION, "output_text": SAID},
    "Vertex": {
        "contents": [{"role": "user", "parts": [{"text": QUESTION}]}, {"role": "model", "parts": [{"text": SAID}]}]
    },
    "chat": {
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": QUESTION}]},
            {"role": "assistant", "content": [{"type": "text", "text": SAID}]},
        ]
    },
    "own": {"input": QUESTION, "expected": SAID},
    "instruction": {"instruction": QUESTION, "input": "", "output": SAID},
    "completion": {"prompt": QUESTION, "completion": SAID},
}


@pytest.mark.parametrize("shape", ONE_EXCHANGE)
def test_one_exchange_is_the_same_in_every_shape(shape):
    found = row(ONE_EXCHANGE[shape])
    assert (list(found.asked), found.answer, found.shape) == (ASKED, SAID, shape)
    assert not found.unused
    assert found.id == row(ONE_EXCHANGE["completion"]).id


def test_every_shape_is_tried_here():
    assert {shape.name for shape in SHAPES} == {*ONE_EXCHANGE, "preference", "OpenAI preference", "text"}


@pytest.mark.parametrize("shape", [name for name in ONE_EXCHANGE if name != "Vertex"])
def test_a_system_key_is_the_system_turn_in_every_shape(shape):
    assert list(row(ONE_EXCHANGE[shape] | {"system": "Answer in French."}).asked) == [IN_FRENCH, *ASKED]


def test_other_names_of_the_system_turn():
    vertex = {"role": "system", "parts": [{"text": "Answer in French."}]}
    for key, value in {
        "systemInstruction": vertex,
        "system_prompt": "Answer in French.",
        "system": [{"type": "text", "text": "Answer in French."}],
    }.items():
        assert row(ONE_EXCHANGE["Vertex"] | {key: value}).asked[0] == IN_FRENCH
    developer = [{"role": "developer", "content": "Answer in French."}, *ASKED, assistant(SAID)]
    assert row({"messages": developer}).asked[0] == IN_FRENCH
    twice = {"messages": [IN_FRENCH, *ASKED, assistant(SAID)], "system": "Be brief."}
    assert "has a system turn and a key for it; expected one of them" in told(twice)


def test_what_an_instruction_or_a_question_is_about_follows_it():
    assert (
        row({"instruction": "When?", "context": "Since 1950.", "response": "1950"}).question == "When?\n\nSince 1950."
    )
    assert row({"question": "When?", "context": "Since 1950.", "answer": "1950"}).question == "When?\n\nSince 1950."


def test_a_class_may_be_a_number():
    assert row({"text": "Nice.", "label": 1}).answer == "1"
    assert "'label' is a list" in told({"text": "Nice.", "label": [1]})


def test_history_stands_before_the_question_and_is_learnt():
    found = row({"instruction": "And in Italy?", "output": "Rome", "history": [["Capital of France?", "Paris"]]})
    assert list(found.asked) == [user("Capital of France?"), assistant("Paris"), user("And in Italy?")]
    assert found.context == frozenset()
    assert "'history' has an entry that is no [question, answer]" in told(
        {"instruction": "q", "output": "a", "history": [["q"]]}
    )


def test_answers_of_weight_0_are_read_and_not_learnt():
    turns = [user("How tall?"), assistant("Forty metres.", weight=0), user("Grumpier."), assistant("Forty.", weight=1)]
    found = row({"messages": turns})
    assert found.asked[1] == {"role": "assistant", "content": "Forty metres."}
    assert (found.context, found.unused) == ({1}, ())


def test_what_follows_the_last_learnt_answer_is_cut():
    turns = [user("a"), assistant("b"), user("c"), assistant("d", weight=0)]
    assert (row({"messages": turns}).answer, len(row({"messages": turns}).asked)) == ("b", 1)


def test_a_weight_is_0_or_1_and_of_an_answer():
    assert "turn 2 has the weight 0.5; expected 0 (read, not learnt) or 1" in told(
        {"messages": [user("a"), assistant("b", weight=0.5)]}
    )
    assert "all answers have the weight 0" in told({"messages": [user("a"), assistant("b", weight=0)]})
    assert "turn 1 has a weight, but the role user" in told({"messages": [{**user("a"), "weight": 1}, assistant("b")]})


def test_answers_before_the_last_are_learnt_in_conversations_alone():
    turns = [user("a"), assistant("b"), user("c")]
    assert row({"messages": [*turns, assistant("d")]}).context == frozenset()
    assert row({"prompt": turns, "completion": "d"}).context == {1}
    assert row({"input": turns, "expected": "d"}).context == {1}


def test_an_assistant_that_speaks_first_is_read():
    found = row({"messages": [assistant("Hello, how can I help?"), user("a"), assistant("b")]})
    assert (found.context, found.asked[0]["role"]) == ({0}, "assistant")


def test_two_turns_of_the_user_are_one():
    found = row({"messages": [user("a"), user("b"), assistant("c")]})
    assert list(found.asked) == [user("a\n\nb")]


@pytest.mark.parametrize("flag", [{"label": False}, {"kto_tag": False}, {"label": "False"}])
@pytest.mark.parametrize("shape", ["chat", "completion", "instruction", "ShareGPT"])
def test_kto_says_whether_people_wanted_the_answer(shape, flag):
    found = row(ONE_EXCHANGE[shape] | flag)
    assert (found.desired, found.unused) == (False, ())
    assert row(ONE_EXCHANGE[shape]).desired is None
    assert len({row(ONE_EXCHANGE[shape] | more).id for more in ({}, flag, {"label": True})}) == 3


def test_another_label_beside_an_answer_is_named():
    found = row(ONE_EXCHANGE["completion"] | {"label": "positive"})
    assert (found.desired, found.unused) == (None, ("label",))


def test_thoughts_are_read_wherever_they_stand():
    anthropic = [{"type": "thinking", "thinking": "4 + 4", "signature": "x"}, {"type": "text", "text": "8"}]
    for data in (
        {"messages": [user("q"), assistant("8", reasoning_content="4 + 4")]},
        {"messages": [user("q"), assistant("8", thinking="4 + 4")]},
        {"messages": [user("q"), {"role": "assistant", "content": anthropic}]},
        {"prompt": "q", "completion": "8", "reasoning": "4 + 4"},
    ):
        found = row(data)
        assert (found.answer, found.reasoning, found.unused) == ("8", "4 + 4", ())
    before = row({"messages": [user("q"), assistant("8", reasoning_content="4 + 4"), user("r"), assistant("s")]})
    assert before.asked[1]["reasoning_content"] == "4 + 4"
    assert "4 + 4" in before.text


RESULT = {"role": "tool", "content": "10", "tool_call_id": "call_1"}
TOOL_ROWS = {
    "OpenAI": {
        "messages": [*ASKED, assistant(None, tool_calls=[CALL]), RESULT, assistant(SAID)],
        "tools": [TOOL],
    },
    "OpenAI, older": {
        "messages": [
            *ASKED,
            assistant(None, function_call=CALL["function"]),
            {"role": "function", "name": "delay", "content": "10"},
            assistant(SAID),
        ],
        "functions": [TOOL["function"]],
    },
    "ShareGPT": {
        "conversations": [
            {"from": "human", "value": QUESTION},
            {"from": "function_call", "value": json.dumps({"name": "delay", "arguments": {"line": 4}})},
            {"from": "observation", "value": "10"},
            {"from": "gpt", "value": SAID},
        ],
        "tools": json.dumps([TOOL["function"]]),
    },
    "Anthropic": {
        "messages": [
            *ASKED,
            assistant([{"type": "tool_use", "id": "call_1", "name": "delay", "input": {"line": 4}}]),
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "call_1", "content": "10"}]},
            assistant(SAID),
        ],
        "tools": [{"name": "delay", "input_schema": {"type": "object"}}],
    },
    "Vertex": {
        "contents": [
            {"role": "user", "parts": [{"text": QUESTION}]},
            {"role": "model", "parts": [{"functionCall": {"name": "delay", "args": {"line": 4}}}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "delay", "response": 10}}]},
            {"role": "model", "parts": [{"text": SAID}]},
        ],
        "tools": [{"functionDeclarations": [TOOL["function"]]}],
    },
}


@pytest.mark.parametrize("dialect", TOOL_ROWS)
def test_tool_rows_are_the_same_in_every_dialect(dialect):
    found = row(TOOL_ROWS[dialect])
    assert found.tools == (TOOL,)
    assert found.asked[1] == {"role": "assistant", "content": "", "tool_calls": [CALL]}
    assert {key: found.asked[2][key] for key in RESULT} == RESULT
    assert (found.answer, found.unused, found.context) == (SAID, (), frozenset())


def test_the_answer_may_be_a_call():
    found = row({"messages": [*ASKED, assistant("Let me look.", tool_calls=[CALL])], "tools": [TOOL]})
    assert (found.answer, found.calls, found.tools) == ("Let me look.", (CALL,), (TOOL,))
    assert 'delay {"line": 4}' in found.text


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (assistant("", tool_calls=[{"function": {}}]), "turn 2 has a tool call without a name"),
        (assistant("", tool_calls=["x"]), "turn 2 has tool calls"),
        (
            assistant("", tool_calls=[{"function": {"name": "f", "arguments": "{"}}]),
            "a tool call of f whose arguments cannot be read as JSON",
        ),
        ({**user("x"), "tool_calls": [CALL]}, "turn 2 has tool calls, but the role user; expected assistant"),
    ],
)
def test_a_broken_call_is_a_fault(message, said):
    written = message if message.get("tool_calls") != ["x"] else assistant("", tool_calls=[5])
    expected = said if message.get("tool_calls") != ["x"] else "turn 2 calls a number"
    assert expected in told({"messages": [*ASKED, written]})


@pytest.mark.parametrize(
    "data",
    [
        {"messages": [*ASKED, assistant(SAID)], "images": ["kitchen/1.jpg"]},
        {"prompt": "q", "completion": "a", "audios": ["1.wav"]},
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}, assistant(SAID)]},
        {"contents": [{"role": "user", "parts": [{"inlineData": {}}]}, {"role": "model", "parts": [{"text": "a"}]}]},
        {"messages": [{**ASKED[0], "images": ["x"]}, assistant(SAID)]},
    ],
)
def test_pictures_and_sound_are_refused(data):
    assert "only text is trained" in told(data)


def test_no_pictures_are_no_fault():
    assert row(ONE_EXCHANGE["chat"] | {"images": [], "videos": None}).unused == ()


def test_preferences_in_every_dialect_say_the_same():
    expected = row({"prompt": QUESTION, "chosen": SAID, "rejected": "No idea."})
    worse = assistant("No idea.")
    for data in (
        {"prompt": QUESTION, "chosen": assistant(SAID), "rejected": worse},
        {"messages": ASKED, "chosen": SAID, "rejected": "No idea."},
        {"question": QUESTION, "chosen": SAID, "rejected": "No idea."},
        {"instruction": QUESTION, "input": "", "chosen": SAID, "rejected": "No idea."},
        {
            "conversations": [{"from": "human", "value": QUESTION}],
            "chosen": {"from": "gpt", "value": SAID},
            "rejected": {"from": "gpt", "value": "No idea."},
        },
        {
            "input": {"messages": ASKED, "tools": [], "parallel_tool_calls": True},
            "preferred_output": [assistant(SAID)],
            "non_preferred_output": [worse],
        },
    ):
        found = row(data)
        assert (found.asked, found.answer, found.rejected) == (expected.asked, expected.answer, expected.rejected)
        assert found.unused == ()
    with_calls = {"prompt": "q", "chosen": [assistant("", tool_calls=[CALL])], "rejected": "b"}
    assert "preferences are read of texts alone" in told(with_calls)


def test_a_text_alone_is_to_be_read_on():
    found = row({"text": "The ferry is late again.", "url": "x"})
    assert (found.asked, found.answer, found.shape) == ((), "The ferry is late again.", "text")
    assert found.unused == ("url",)
    assert "'text' is empty" in told({"text": ""})
    assert "unknown row format" in told({"text": "q", "answer": "a"})


def test_a_row_for_reinforcement_has_no_answer_to_learn():
    said = told({"messages": ASKED, "reference_answer": "10"})
    assert "does not end with an assistant turn: there is no answer to learn" in said


def test_results_and_tools_that_are_nested_without_end_are_a_fault():
    part: dict[str, object] = {"type": "text", "text": "x"}
    tool: dict[str, object] = TOOL["function"]
    for _ in range(900):
        part = {"type": "tool_result", "tool_use_id": "c", "content": [part]}
        tool = {"functionDeclarations": [tool]}
    assert "is nested too deeply" in told({"messages": [{"role": "user", "content": [part]}, assistant(SAID)]})
    assert "is nested too deeply" in told({"messages": [*ASKED, assistant(SAID)], "tools": [tool]})


def test_every_key_that_nothing_reads_is_named():
    turns = [{**ASKED[0], "name": "Ann", "lang": "en"}, assistant(SAID, refusal=None, score=5)]
    found = row({"messages": turns, "cluster": "c", "source": "web", "rating": 4, "tags": [], "notes": "n"})
    assert found.unused == ("rating", "messages[].name", "messages[].lang", "messages[].score")


@pytest.mark.parametrize("name", FORMATS)
def test_every_dialect_is_read_from_every_file(tmp_path, name):
    """A file of one shape each: in a table all rows have the columns of all."""
    mixed = {"Anthropic"} if name in {"train.parquet", "folder"} else set()  # texts and lists in one column
    written = [*ONE_EXCHANGE.values(), *(TOOL_ROWS[dialect] for dialect in TOOL_ROWS if dialect not in mixed)]
    written += [ONE_EXCHANGE["completion"] | {"label": False}, {"text": "Read on."}]
    written += [{"instruction": "q", "output": "a", "history": [["b", "c"]]}]
    written += [{"prompt": "q", "chosen": {"role": "assistant", "content": "a"}, "rejected": assistant("b")}]
    for number, data in enumerate(written):
        [found] = read_rows(FORMATS[name](tmp_path / f"{number}{name}", [data]))
        expected = row(data)
        assert (found.asked, found.answer, found.rejected) == (expected.asked, expected.answer, expected.rejected)
        assert (found.tools, found.desired, found.unused) == (expected.tools, expected.desired, ())
