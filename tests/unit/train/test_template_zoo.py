"""Every family of chat templates: it learns the answer alone, or is refused with a remedy that makes it right."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest

from pytest_ftgate.errors import TrainError
from pytest_ftgate.serve.chat_format import ChatFormat
from pytest_ftgate.serve.client.reasoning import split
from pytest_ftgate.serve.hf.row import Job, Row
from pytest_ftgate.train.rendering import answer_tokens, asked_tokens, earlier_answers
from pytest_ftgate.train.roles import TurnCheck
from tests.unit.train.template_zoo import FOLDER, ZOO, Family
from tests.unit.train.tool_template import TOOL, call

ANSWER = '{"label": "spam"}'
SYSTEM = {"role": "system", "content": "Answer in JSON."}
USER = {"role": "user", "content": "Free cash?"}
TALKS = {
    "one turn": [USER],
    "system": [SYSTEM, USER],
    "chat": [USER, {"role": "assistant", "content": "ham!"}, {"role": "user", "content": "And this?"}],
}
SWITCHED = {"Qwen3-8B", "Qwen3.5 (thinks)", "Qwen3.6", "Qwen3.8", "GLM-4.5", "Nemotron-3-Nano"}
"""Right once [base] chat_template_kwargs has what the refusal says."""

COPIED = {"DeepSeek-R1-Distill-Llama-8B", "DeepSeek-V3"}
"""Right with a copy of the template, changed as the refusal says."""

SYSTEMLESS = {"gemma-2-9b-it"}
REWRITES_HISTORY = {"Qwen3-8B", "Qwen3.5 (thinks)", "Qwen3.5 (does not)", "Qwen3.6", "gpt-oss-20b"}
"""An earlier answer stands in the prompt otherwise than the model would have written it."""

REASONS = {"Qwen3-8B", "Qwen3.5 (thinks)", "Qwen3.6", "Qwen3.8", "GLM-4.5", "Nemotron-3-Nano", "gemma-4"}

families = pytest.mark.parametrize("family", ZOO, ids=lambda family: family.name)


def learnt(tokenizer, talk, answer=ANSWER, tools=()):
    """What the model learns to write after the prompt, as text."""
    turn = {"role": "assistant", "content": answer} if isinstance(answer, str) else answer
    TurnCheck(tokenizer)(talk, turn, tools)
    return tokenizer.decode(answer_tokens(tokenizer, talk, turn, tools))


def mended(family: Family, talk) -> ChatFormat:
    """The format that the refusal asks for; our own if there is none."""
    try:
        learnt(family.tokenizer(), talk)
    except TrainError as error:
        assert family.name in SWITCHED | COPIED
        if found := re.search(r"set \[base\] chat_template_kwargs = \{ (\w+) = (\w+) \}", str(error)):
            assert family.name in SWITCHED
            return ChatFormat(variables=json.dumps({found[1]: json.loads(found[2])}))
        left_out = re.search(r"set \[base\] chat_template to a copy of the template, without ('.*?') where", str(error))
        assert left_out is not None
        assert all(left_out[1].strip("'") in before for before in family.edits)
        return ChatFormat(family.edited())
    assert family.name not in SWITCHED | COPIED
    return ChatFormat()


@families
@pytest.mark.parametrize("kind", TALKS)
def test_a_model_learns_the_answer_and_its_end_alone(family, kind):
    talk = TALKS[kind]
    if family.name in SYSTEMLESS and kind == "system":
        with pytest.raises(
            TrainError, match=r"(?s)System role.*write \[prompt\] system at the beginning of \[prompt\] template, or"
        ):
            learnt(family.tokenizer(), talk)
        talk = [{"role": "user", "content": "Answer in JSON.\n\nFree cash?"}]
    text = learnt(family.tokenizer(mended(family, talk)), talk)
    said = next(text.removesuffix(end) for end in (family.eos, *family.ends) if text.endswith(end))
    assert said.lstrip("\n") == f"{family.learns}{ANSWER}{family.closes}"
    assert split(said.removesuffix(family.closes))[1].strip() == ANSWER


@families
def test_an_earlier_answer_is_learnt_where_the_prompt_has_it_as_it_was_written(family):
    talk = TALKS["chat"]
    tokenizer = family.tokenizer(mended(family, talk))
    prompt = asked_tokens(tokenizer, talk)
    spans = earlier_answers(tokenizer, talk, prompt, [1])
    assert len(spans) == (family.name not in REWRITES_HISTORY)
    for begin, end in spans:
        assert tokenizer.decode(prompt[begin:end]).startswith(("ham!", "\nham!"))


@families
def test_the_prompt_is_the_same_tomorrow(family):
    tokenizer = family.tokenizer(mended(family, TALKS["one turn"]))
    prompt = tokenizer.decode(asked_tokens(tokenizer, TALKS["one turn"]))
    now = datetime.now(UTC)
    assert not any(now.strftime(form) in prompt for form in ("%Y-%m-%d", "%d %b %Y", "%d %B %Y"))


@pytest.mark.parametrize(
    ("name", "written"),
    [("Llama-3.2-3B-Instruct", "09 Feb 2026"), ("Llama-3.1-8B-Instruct", "09 Feb 2026"), ("gpt-oss-20b", "2026-02-09")],
)
def test_the_day_of_base_date_is_what_the_template_writes(name, written):
    family = next(each for each in ZOO if each.name == name)
    tokenizer = family.tokenizer(ChatFormat(date="2026-02-09"))
    assert written in tokenizer.decode(asked_tokens(tokenizer, TALKS["one turn"]))


@families
def test_reasoning_of_a_row_is_learnt_or_refused_by_name(family):
    """With the template as it comes: who trains thoughts lets the model think."""
    answer = {"role": "assistant", "content": ANSWER, "reasoning_content": "It offers money."}
    if family.name not in REASONS:
        with pytest.raises(TrainError, match=r"drops the reasoning of the answer|once answered"):
            learnt(family.tokenizer(), TALKS["one turn"], answer)
        return
    text = learnt(family.tokenizer(), TALKS["one turn"], answer)
    thought, said = split(text[: text.index("}") + 1])
    assert (thought.strip(), said.strip()) == ("It offers money.", ANSWER)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        (
            "gpt-oss-20b",
            "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>" + ANSWER,
        ),
        ("gpt-oss-20b", "<|channel|>final<|message|>" + ANSWER),
        ("gemma-4", "<|channel>thought\nHm.\n<channel|>" + ANSWER),
        ("Qwen3-8B", "<think>\nHm.\n</think>\n\n" + ANSWER),
    ],
)
def test_our_server_leaves_the_marks_by_which_thoughts_are_told_from_the_answer(name, written):
    tokenizer = next(each for each in ZOO if each.name == name).tokenizer()
    row = Row(0, Job((1,), 100), tokenizer, frozenset())
    row.output, row.finish = tokenizer(written)["input_ids"], "stop"
    answers = []
    row.report(lambda _, answer: answers.append(split(answer.text)))
    assert answers == [("Hm." if "Hm." in written else "", ANSWER)]


HERMES = '<tool_call>\n{"name": "weather", "arguments": {"city": "Rome"}}\n</tool_call>'
XML = "<tool_call>\n<function=weather>\n<parameter=city>\nRome\n</parameter>\n</function>\n</tool_call>"
LLAMA = '{"name": "weather", "parameters": {"city": "Rome"}}<|eot_id|>'
CALLS = {
    "Llama-3.1-8B-Instruct": LLAMA,
    "Llama-3.2-3B-Instruct": LLAMA,
    **dict.fromkeys(("Qwen2.5-7B-Instruct", "Qwen3-8B", "Qwen3-4B-Instruct-2507"), f"{HERMES}<|im_end|>"),
    **dict.fromkeys(("Qwen3.5 (thinks)", "Qwen3.5 (does not)", "Qwen3.6", "Qwen3.8"), f"{XML}<|im_end|>"),
    "gemma-4": '<|tool_call>call:weather{city:<|"|>Rome<|"|>}<tool_call|><|tool_response>',
    "gpt-oss-20b": ' to=functions.weather<|channel|>commentary json<|message|>{"city": "Rome"}<|call|>',
    "GLM-4.5": "\n<tool_call>weather\n<arg_key>city</arg_key>\n<arg_value>Rome</arg_value>\n</tool_call><|observation|>",
    "Nemotron-3-Nano": f"\n{XML}\n<|im_end|>",
}
"""What a family learns of a call; others are refused, since their template drops tools or calls."""

TOOLS = ({**TOOL, "function": {**TOOL["function"], "description": "Of a city."}},)
CALL = {"role": "assistant", "content": "", "tool_calls": [call("Rome")]}
RESULT = {"role": "tool", "tool_call_id": "c1", "name": "weather", "content": "sunny"}


@families
def test_calls_are_learnt_as_the_family_writes_them_and_what_the_tool_said_is_asked(family):
    tokenizer = family.tokenizer(mended(family, TALKS["one turn"]))
    if family.name not in CALLS:
        with pytest.raises(TrainError, match=r"drops (the tools|calls)|rejects turns"):
            learnt(tokenizer, [USER], CALL, TOOLS)
        return
    assert learnt(tokenizer, [USER], CALL, TOOLS) == CALLS[family.name]
    text = learnt(tokenizer, [USER, CALL, RESULT], "Sunny.", TOOLS)
    assert text.lstrip("\n").removeprefix(family.learns).startswith("Sunny.<|") or "Sunny.<turn|>" in text
    prompt = tokenizer.decode(asked_tokens(tokenizer, [USER, CALL, RESULT], TOOLS))
    assert prompt.index("Of a city.") < prompt.index("Rome") < prompt.index("sunny")


def test_what_a_template_cannot_add_up_is_told_with_what_may_be_the_cause():
    gptoss, deepseek = (next(each for each in ZOO if each.name == name) for name in ("gpt-oss-20b", "DeepSeek-V3"))
    with pytest.raises(TrainError, match=r"rejects turns of user: (.|\n)*give every tool a description"):
        learnt(gptoss.tokenizer(), [USER], ANSWER, [TOOL])
    with pytest.raises(TrainError, match=r"arguments of calls as objects(.|\n)*set \[base\] chat_template to one"):
        learnt(deepseek.tokenizer(), [USER], CALL, TOOLS)


def others():
    """The families' other templates that TRL ships, those that it changes for its own training left out."""
    named = {family.template for family in ZOO}
    stems = (file.stem for file in sorted(FOLDER.glob("*.jinja")))
    return [stem for stem in stems if stem not in named and not stem.endswith("_training")]


@pytest.mark.parametrize("template", others())
@pytest.mark.parametrize("kind", ["one turn", "system"])
def test_any_other_template_is_right_or_refused_with_what_to_do(template, kind):
    family = Family(template, template, "<bos>", "<|im_end|>", ("<end_of_utterance>", "<turn|>", "</s>"))
    tokenizer = family.tokenizer()
    try:
        text = learnt(tokenizer, TALKS[kind])
    except TrainError as error:
        told = str(error)
    else:
        told = ""
        assert text.startswith(ANSWER)
        assert tokenizer(text)["input_ids"][-1] in tokenizer.end_tokens
    assert not told or "[base] chat_template" in told or re.search("drops turn|rejects turns", told)
