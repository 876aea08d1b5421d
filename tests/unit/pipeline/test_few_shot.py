"""Examples in the baseline's prompt: drawn evenly, or refused with the line of the row."""

import pytest

from pytest_ftgate.data.readers.record import Record
from pytest_ftgate.data.readers.shapes import row_of
from pytest_ftgate.errors import PipelineError
from pytest_ftgate.golden.case import Prompt
from pytest_ftgate.pipeline.few_shot import examples

PROMPT = Prompt(template="Text: {{ text }}")


def rows(*inputs, answer="yes"):
    return [shaped(i, {"input": said, "expected": answer}) for i, said in enumerate(inputs, 1)]


def shaped(line, data):
    return row_of(Record("train.jsonl", line, data))


def test_each_answer_in_turn():
    some = rows("a", "b", "c") + rows("x", "y", answer="no")
    drawn = list(examples(PROMPT, some, 4, seed=1))
    assert [answer for _, answer in drawn] == ["no", "yes", "no", "yes"]
    assert len({turn for turn, _ in drawn}) == 4
    assert drawn == list(examples(PROMPT, some, 4, seed=1))
    assert list(examples(PROMPT, [], 0, seed=1)) == []


def test_a_conversation_of_one_question_is_an_example():
    [(turn, _)] = examples(PROMPT, rows([{"role": "user", "content": "hello"}]), 1, seed=1)
    assert turn == "hello"


TURNS = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hm"}]


def test_a_conversation_with_a_prompt_of_its_own_is_no_example():
    """General rows that are mixed in do not push the task's own out of its few-shot prompt."""
    mixed = rows("a", "b") + rows("x", "y", answer="no") + rows(TURNS, TURNS, answer="Oslo")
    assert [answer for _, answer in examples(PROMPT, mixed, 4, seed=1)] == ["no", "yes", "no", "yes"]


def test_nothing_but_conversations_is_refused_with_a_line():
    with pytest.raises(PipelineError, match=r"train.jsonl:1: .*no row has them") as caught:
        list(examples(PROMPT, rows(TURNS, TURNS), 1, seed=1))
    assert "set baseline.few_shot = 0" in str(caught.value)


def test_unwanted_answers_texts_and_calls_are_no_examples():
    call = {"type": "function", "function": {"name": "f", "arguments": "{}"}}
    asked = {"role": "user", "content": "hi"}
    left_out = [
        {"prompt": "hello", "completion": "no", "label": False},
        {"text": "Once upon a time."},
        {"messages": [asked, {"role": "assistant", "content": "", "tool_calls": [call]}]},
    ]
    some = [shaped(i, data) for i, data in enumerate([*left_out, {"prompt": "bye", "completion": "yes"}], 1)]
    assert list(examples(PROMPT, some, 1, seed=1)) == [("bye", "yes")]
    with pytest.raises(PipelineError, match=r"train.jsonl:1: .*no row has them"):
        list(examples(PROMPT, some[:3], 1, seed=1))


def test_rows_of_other_shapes_are_examples_as_they_are_said():
    """Only `input` goes through the prompt's template; what a chat says stands as it is."""
    chat = shaped(1, {"messages": [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "yes"}]})
    pair = shaped(2, {"prompt": "bye", "completion": "no"})
    assert sorted(examples(PROMPT, [chat, pair], 2, seed=1)) == [("bye", "no"), ("hello", "yes")]


def test_of_more_answers_than_examples_the_seed_draws():
    """Not the first of the alphabet, which would be the same rows whatever the seed."""
    some = [shaped(i, {"input": "a", "expected": f"answer {i:02}"}) for i in range(40)]
    drawn = {seed: [answer for _, answer in examples(PROMPT, some, 4, seed)] for seed in range(3)}
    assert all(len(set(answers)) == 4 for answers in drawn.values())
    assert len({tuple(answers) for answers in drawn.values()}) == 3


def test_more_examples_than_rows_are_refused():
    with pytest.raises(PipelineError, match="exceeds the available examples") as caught:
        list(examples(PROMPT, rows("a", "b") + rows("x", answer="no"), 4, seed=1))
    assert "1 training row with the answer 'no'" in str(caught.value)
