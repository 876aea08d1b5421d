"""Rows of new kinds from the file to the adapter, on the tiny model; graded where validation asks for calls."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pytest_ftgate.errors import TrainError
from pytest_ftgate.golden.case import Prompt
from pytest_ftgate.serve.hf.row import Answer
from pytest_ftgate.train.call_text import calls_in
from pytest_ftgate.train.events import EventLog, read_events
from pytest_ftgate.train.job import Grading
from pytest_ftgate.train.loss import IGNORED
from pytest_ftgate.train.manifest import read_manifest
from pytest_ftgate.train.run import run
from pytest_ftgate.train.validate import grade_answers
from pytest_ftgate.train.validation_rows import read_validation
from tests.unit.data.data_files import turn, write_jsonl
from tests.unit.train.reads import examples_in
from tests.unit.train.tool_template import TEMPLATE, TOOL, call

CALLS = Grading(({"kind": "tool_calls"},), None, 24)
TOOL_ROW = {
    "messages": [turn("user", "Rome?"), {"role": "assistant", "content": None, "tool_calls": [call("Rome")]}],
    "tools": [TOOL],
}


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture
def with_tools(tokenizer, monkeypatch):
    monkeypatch.setattr(tokenizer, "chat_template", TEMPLATE)
    return tokenizer


def go(job, out):
    out.mkdir(exist_ok=True)
    run(job, out, EventLog(out / "events.jsonl"))
    return read_manifest(out / "manifest.json"), read_events(out / "events.jsonl")


@pytest.mark.parametrize("method", ["lora", "full"])
def test_texts_alone_train_and_unread_keys_are_named_once(make_job, tmp_path, method):
    texts = [{"text": f"win cash prize {n}", "mood": "glad"} for n in range(6)]
    texts.append({"text": "win cash prize " * 40})
    rows = [*texts, {"prompt": "win", "completion": "spam"}, {"prompt": "home", "completion": "ham"}]
    job = replace(make_job(method=method, epochs=1), train_file=str(write_jsonl(tmp_path / "texts.jsonl", rows)))
    manifest, events = go(job, tmp_path / "out")
    assert (manifest.params["rows"], manifest.best.cases) == (9, 8)
    told = [event["text"] for event in events if event["event"] == "warning"]
    assert told == ["unused keys of the training rows: 'mood' in 6 rows; what they say is not learnt"]
    first = json.loads((tmp_path / "out" / "tokens.json").read_text())[0]
    assert first["prompt"] == "win cash prize 0"


def test_calls_train_and_validate(make_job, model_dir, with_tools, tmp_path):
    import shutil

    base = tmp_path / "base"
    shutil.copytree(model_dir, base)
    with_tools.save_pretrained(base)
    rows = str(write_jsonl(tmp_path / "tools.jsonl", [TOOL_ROW] * 12))
    one = str(write_jsonl(tmp_path / "one.jsonl", [TOOL_ROW]))
    job = make_job(method="lora", epochs=5, patience=5, learning_rate=1e-2, max_length=400, batch_size=2)
    job = replace(job, base=str(base), train_file=rows, validation_file=one, grading=replace(CALLS, max_tokens=120))
    manifest, _ = go(replace(job, prompt=Prompt().to_json()), tmp_path / "out")
    assert manifest.best.score == 1.0, "the call that it learnt is read back from its text and graded"
    assert json.loads((tmp_path / "out" / "tokens.json").read_text())[0]["tools"] == [TOOL]


def test_the_loss_on_a_turn_of_weight_0_is_0(tmp_path, tokenizer):
    """OpenAI's example of a chat, in words of our own: the first answer is context."""
    chat = [turn("user", "win"), turn("assistant", "spam") | {"weight": 0}]
    chat += [turn("user", "lunch"), turn("assistant", "ham") | {"weight": 1}]
    later = [*chat, turn("user", "cash"), turn("assistant", "prize") | {"weight": 0}]
    for messages in (chat, later):
        [example] = examples_in(write_jsonl(tmp_path / "w.jsonl", [{"messages": messages}]), Prompt(), tokenizer)
        labels = [label for label in example.columns()["labels"] if label != IGNORED]
        assert tokenizer.decode(labels) == "ham<|im_end|>"
    assert "prize" not in tokenizer.decode([*example.prompt, *example.answer]), "what follows teaches nothing"


def graded(job, path, tokenizer, said):
    examples = read_validation(path, Prompt(), tokenizer, Grading())
    return grade_answers(job, examples, [Answer(said, "stop", 1, 1)])[0]


def test_calls_are_graded_as_what_they_call(make_job, tmp_path, with_tools):
    job = replace(make_job(rows=2), grading=CALLS)
    path = write_jsonl(tmp_path / "tools.jsonl", [TOOL_ROW])
    right = '<tool_call>\n{"arguments": {"city": "Rome"}, "name": "weather"}\n</tool_call>'
    assert graded(job, path, with_tools, right).passed
    assert not graded(job, path, with_tools, right.replace("Rome", "Oslo")).passed
    assert not graded(job, path, with_tools, "Sunny.").passed


def test_calls_that_cannot_be_read_back_are_refused_with_the_line(tmp_path, with_tools, monkeypatch):
    written = "{{ c.function.name }}({{ c.function.arguments.city }})"
    template = TEMPLATE.replace(
        '{"name": "{{ c.function.name }}", "arguments": {{ c.function.arguments | tojson }}}', ""
    )
    probed = "{{ c.function.arguments.value }}"
    monkeypatch.setattr(with_tools, "chat_template", template.replace("<tool_call>\n", f"<tool_call>{written}{probed}"))
    path = write_jsonl(tmp_path / "tools.jsonl", [TOOL_ROW])
    with pytest.raises(TrainError, match=r"tools\.jsonl:1: calls functions in a form .* cannot be read back") as caught:
        read_validation(path, Prompt(), with_tools, Grading())
    assert "weather(Rome)" in str(caught.value)
    assert len(examples_in(path, Prompt(), with_tools)) == 1, "it is trained all the same"


@pytest.mark.parametrize(
    ("text", "said", "names"),
    [
        ("Sunny.", "Sunny.", []),
        ('{"label": "spam"}', '{"label": "spam"}', []),
        ('{"name": "Anna", "age": 3}', '{"name": "Anna", "age": 3}', []),
        ('<tool_call>\n{"name": "a", "arguments": {"x": {"y": 1}}}\n</tool_call>', "", ["a"]),
        ('Let me look.\n<tool_call>{"name": "a", "arguments": {}}</tool_call>', "Let me look.", ["a"]),
        ('[TOOL_CALLS] [{"name": "a", "arguments": {}}, {"name": "b", "arguments": {}}]', "", ["a", "b"]),
        ('{"name": "a", "parameters": {"x": "{"}}', "", ["a"]),
        ('{"name": "a", "arguments": {"x": ', '{"name": "a", "arguments": {"x": ', []),
    ],
)
def test_calls_are_read_from_the_text_of_most_templates(text, said, names):
    found, calls = calls_in(text)
    assert (found, [each["name"] for each in calls]) == (said, names)
