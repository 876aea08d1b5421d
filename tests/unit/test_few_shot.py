"""Examples in the baseline's prompt: drawn evenly, or refused with the line of the row."""

import pytest

from pytest_ftgate.case import Prompt
from pytest_ftgate.errors import PipelineError
from pytest_ftgate.few_shot import examples
from pytest_ftgate.leakage.rows import Row

PROMPT = Prompt(template="Text: {{ text }}")


def rows(*inputs, answer="yes"):
    return [Row("train.jsonl", i, {"input": said, "expected": answer}) for i, said in enumerate(inputs, 1)]


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


def test_a_longer_conversation_is_refused_with_its_line():
    turns = [{"role": role, "content": "hm"} for role in ("user", "assistant", "user")]
    with pytest.raises(PipelineError, match=r"train.jsonl:1: .*conversation of 3 turns") as caught:
        list(examples(PROMPT, rows(turns), 1, seed=1))
    assert "set baseline.few_shot = 0" in str(caught.value)


def test_more_examples_than_rows_are_refused():
    with pytest.raises(PipelineError, match="an example more than there are") as caught:
        list(examples(PROMPT, rows("a", "b") + rows("x", answer="no"), 4, seed=1))
    assert "1 training row with the answer 'no'" in str(caught.value)
