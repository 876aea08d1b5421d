"""Rows with weights, tools, calls, thoughts, or a text alone become the tokens that shall be learnt, and no other."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from pytest_ftgate.data.checks.tokens import as_written, tokens_in
from pytest_ftgate.data.checks.truncated import Truncated
from pytest_ftgate.errors import TrainError
from pytest_ftgate.golden.case import Prompt
from pytest_ftgate.train.data import example_of, fits, in_pieces
from pytest_ftgate.train.judged import compared
from pytest_ftgate.train.loss import IGNORED, Collator
from pytest_ftgate.train.perplexity import _tokens
from pytest_ftgate.train.roles import TurnCheck
from pytest_ftgate.train.rows import write_tokens
from pytest_ftgate.train.unread import unread_keys
from tests.repository import ROOT
from tests.unit.data.data_files import turn
from tests.unit.train.tool_template import ASKED, TEMPLATE, TOOL, a_row, call

MODEL = ROOT / ".ftgate/models/SmolLM2-135M-Instruct"
CHAT = (turn("user", "win"), turn("assistant", "spam"), turn("user", "lunch"), turn("assistant", "ham"))


@pytest.fixture(scope="module")
def smollm() -> Any:
    if not (MODEL / "tokenizer.json").is_file():
        pytest.skip("the base model is not there; make it with: make data")
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(MODEL)


@pytest.fixture
def with_tools(smollm, monkeypatch):
    """The real tokenizer with a chat template that takes tools and thoughts, which its own does not."""
    monkeypatch.setattr(smollm, "chat_template", TEMPLATE)
    return smollm


def example(tokenizer, row, prompt=None):
    return example_of(prompt or Prompt(), tokenizer, TurnCheck(tokenizer), row)


def learnt(tokenizer, one):
    """The texts on which there is a loss, from the batch that the trainer is given."""
    batch = Collator(tokenizer.pad_token_id)([one.columns()])
    parts, part = [], []
    for label in [*batch["labels"][0].tolist(), IGNORED]:
        if label != IGNORED:
            part.append(label)
        elif part:
            parts.append(tokenizer.decode(part))
            part = []
    return parts


def test_turns_of_weight_0_are_read_and_have_no_loss(smollm):
    row = a_row(asked=(*CHAT, turn("user", "home")), answer="ham again", tools=(), context=frozenset({1}))
    one = example(smollm, row)
    assert learnt(smollm, one) == ["ham<|im_end|>", "ham again<|im_end|>"]
    assert "spam" in smollm.decode(one.prompt)
    assert one.left_out == 0


def test_the_places_of_unlearnt_turns_hold_beside_a_system_turn_and_examples(smollm):
    row = a_row(asked=(*CHAT, turn("user", "home")), answer="ham again", tools=(), context=frozenset({3}))
    one = example(smollm, row, Prompt("Sort.", None, (("cash", "no"), ("prize", "no"))))
    assert learnt(smollm, one) == ["spam<|im_end|>", "ham again<|im_end|>"]


def test_a_text_alone_is_learnt_from_its_second_token_to_the_end_token(smollm):
    text = "The owl of Minerva flies at dusk."
    one = example(smollm, a_row(shape="text", asked=(), answer=text, tools=()))
    assert smollm.decode([*one.prompt, *one.answer]) == f"{text}<|im_end|>", "no chat template"
    assert len(one.prompt) == 1
    short = example(smollm, a_row(shape="text", asked=(), answer="Owls", tools=()))
    batch = Collator(smollm.pad_token_id)([one.columns(), short.columns()])
    assert batch["labels"][0].tolist() == [IGNORED, *one.answer]
    assert (batch["labels"][1] != IGNORED).sum() == len(short.answer), "nothing is predicted from the padding"
    with pytest.raises(TrainError, match="is an empty text"):
        example(smollm, a_row(shape="text", asked=(), answer="", tools=()))


@pytest.mark.parametrize("most", [8, 9, 12, 500])
def test_a_long_text_is_learnt_in_pieces_each_token_once(smollm, most):
    one = example(smollm, a_row(shape="text", asked=(), answer="The owl of Minerva flies at dusk. " * 6, tools=()))
    assert fits(one, 8)
    pieces = list(in_pieces(one, most))
    assert all(1 < len(piece["asked"]) + len(piece["answer"]) <= most for piece in pieces)
    assert [token for piece in pieces for token in piece["labels"]] == list(one.answer)
    assert [piece["asked"][0] for piece in pieces[1:]] == [piece["answer"][-1] for piece in pieces[:-1]]


def test_calls_are_learnt_and_what_the_tool_says_is_not(with_tools):
    one = example(with_tools, a_row())
    assert learnt(with_tools, one) == [
        'Let me look.<tool_call>\n{"name": "weather", "arguments": {"city": "Rome"}}\n</tool_call><|im_end|>',
        "Sunny in Rome.<|im_end|>",
    ]
    prompt = with_tools.decode(one.prompt)
    assert '"name": "weather", "description": null, "parameters": {' in prompt, "as vLLM gives it to the template"
    assert "<|im_start|>tool\nsunny<|im_end|>" in prompt


def test_an_answer_may_be_a_call_alone(with_tools):
    one = example(with_tools, a_row(asked=ASKED[:1], answer="", calls=(call("Rome"),)))
    told = '<tool_call>\n{"name": "weather", "arguments": {"city": "Rome"}}\n</tool_call><|im_end|>'
    assert learnt(with_tools, one) == [told]
    assert one.case.expected == [{"name": "weather", "arguments": {"city": "Rome"}}]


def test_few_shot_examples_stand_before_the_question_that_the_tool_answers(with_tools):
    one = example(with_tools, a_row(), Prompt(None, None, (("Oslo?", "Rain."),)))
    assert [message["content"] for message in one.messages][:3] == ["Oslo?", "Rain.", "Rome?"]
    assert len(learnt(with_tools, one)) == 2


def test_thoughts_are_learnt_where_the_template_writes_them(with_tools):
    one = example(with_tools, a_row(asked=ASKED[:1], reasoning="It is July.", tools=()))
    assert learnt(with_tools, one) == ["<think>It is July.</think>Sunny in Rome.<|im_end|>"]


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({}, r"drops the tools that the row offers \(tools\), and drops calls of turn 2 \(assistant, tool_calls\)"),
        ({"asked": ASKED[:1]}, r"drops the tools that the row offers \(tools\)"),
        ({"asked": ASKED[:1], "answer": "", "calls": (call("Rome"),), "tools": ()}, "drops calls of turn 2"),
        ({"asked": ASKED[:1], "tools": (), "reasoning": "July."}, r"drops the reasoning of the answer \(reasoning_con"),
    ],
)
def test_what_the_models_template_drops_is_an_error_that_says_what_to_do(smollm, parts, told):
    with pytest.raises(TrainError, match=f"the chat template {told}") as caught:
        example(smollm, a_row(**parts))
    assert "use a base model whose chat template renders tools, calls and reasoning" in str(caught.value)


def test_a_template_that_drops_turns_of_tools_is_an_error(with_tools, monkeypatch):
    monkeypatch.setattr(
        with_tools, "chat_template", TEMPLATE.replace("in messages %}", "in messages if m.role != 'tool' %}")
    )
    with pytest.raises(TrainError, match=r"drops turn 3 \(tool\)"):
        example(with_tools, a_row())


def test_forms_are_checked_once_whatever_they_are_called(with_tools, monkeypatch):
    seen = []
    monkeypatch.setattr("pytest_ftgate.train.roles.check_turns", lambda _, turns, tools: seen.append(turns))
    check = TurnCheck(with_tools)
    for name in ("c1", "c2"):
        asked = (ASKED[0], ASKED[1] | {"tool_calls": [call("Oslo") | {"id": name}]}, ASKED[2] | {"tool_call_id": name})
        example_of(Prompt(), with_tools, check, a_row(asked=asked))
    assert len(seen) == 1


def test_tokens_for_the_server_carry_tools_and_texts(with_tools, tmp_path):
    rows = [example(with_tools, a_row()), example(with_tools, a_row(shape="text", asked=(), answer="Owls.", tools=()))]
    write_tokens(tmp_path / "tokens.json", with_tools, rows)
    chat, text = json.loads((tmp_path / "tokens.json").read_text())
    assert chat["tools"] == [TOOL]
    assert chat["messages"][1]["tool_calls"] == [call("Rome")], "in OpenAI's form"
    assert chat["text"] == with_tools.decode(chat["tokens"])
    assert text == {"prompt": "Owls.", "tokens": with_tools("Owls.")["input_ids"], "text": "Owls."}


def test_tokens_are_counted_as_they_are_trained(with_tools):
    count = tokens_in(with_tools)
    text = a_row(shape="text", asked=(), answer="The owl of Minerva.", tools=())
    for row in (a_row(), a_row(asked=ASKED[:1], answer="", calls=(call("Rome"),)), a_row(reasoning="It is July.")):
        assert count(row) - len(example(with_tools, row)) == 1, "a line break after the end of the turn"
    assert count(text) == len(example(with_tools, text))
    assert list(Truncated(count, 2).see(text)) == [], "it is trained in pieces"
    assert list(Truncated(count, 2).see(a_row()))


def test_the_surprise_of_a_call_is_that_of_what_the_template_writes(with_tools):
    row = a_row(asked=ASKED[:1], answer="", calls=(call("Rome"),))
    found = _tokens(with_tools, row, as_written, 500)
    one = example(with_tools, row)
    assert (tuple(found.prompt), tuple(found.answer[: len(one.answer)])) == (one.prompt, one.answer)
    plain = _tokens(with_tools, a_row(), as_written, 500)
    assert with_tools.decode(plain.answer) == "Sunny in Rome.", "the end of the turn is no part of an answer in words"
    text = _tokens(with_tools, a_row(shape="text", asked=(), answer="The owl of Minerva.", tools=()), as_written, 500)
    assert with_tools.decode([*text.prompt, *text.answer]) == "The owl of Minerva.<|im_end|>"


def test_keys_that_nothing_reads_are_named_with_their_rows():
    assert unread_keys(Counter({"images": 2, "x": 1})) == (
        "unused keys of the training rows: 'images' in 2 rows, 'x' in 1 row; what they say is not learnt"
    )
    assert unread_keys(Counter()) == ""


@pytest.mark.parametrize(("count", "batch"), [(6, 3), (7, 3), (2, 8), (9, 2)])
def test_a_judged_answer_is_compared_with_another_one_of_its_batch(count, batch):
    order, others = compared(count, batch, seed=1)
    assert (order, others) == compared(count, batch, seed=1)
    assert sorted(order) == list(range(count))
    for begin in range(0, count, batch):
        rows, compared_with = order[begin : begin + batch], others[begin : begin + batch]
        assert all(row != other for row, other in zip(rows, compared_with, strict=True))
        if len(rows) > 1:
            assert set(rows) == set(compared_with)
