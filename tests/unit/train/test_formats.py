"""--train reads every format and shape, and learns the same tokens whatever the rows are written as."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_ftgate.errors import TrainError
from pytest_ftgate.golden.case import Prompt
from pytest_ftgate.train.events import EventLog
from pytest_ftgate.train.loss import IGNORED
from pytest_ftgate.train.manifest import read_manifest
from pytest_ftgate.train.rendering import answer_tokens
from pytest_ftgate.train.run import run
from tests.repository import ROOT
from tests.unit.data.data_files import FORMATS, in_shapes, turn, write_csv, write_jsonl, write_parquet
from tests.unit.train.reads import examples_in

PROMPT = Prompt("Sort.", None)
PAIRS = (("win cash", '{"label": "spam"}'), ("lunch at home", '{"label": "ham"}'))
MODEL = ROOT / ".ftgate/models/SmolLM2-135M-Instruct"


def tokens(examples):
    return [(example.prompt, example.answer) for example in examples]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("shape", in_shapes([turn("user", "a")], "b"))
def test_every_format_and_shape_gives_the_same_tokens(tmp_path, tokenizer, name, shape):
    rows = [in_shapes([turn("user", asked)], answer)[shape] for asked, answer in PAIRS]
    read = examples_in(FORMATS[name](tmp_path / name, rows), PROMPT, tokenizer)
    plain = [{"input": asked, "expected": answer} for asked, answer in PAIRS]
    assert tokens(read) == tokens(examples_in(write_jsonl(tmp_path / "plain.jsonl", plain), PROMPT, tokenizer))
    if not shape.startswith("own"):
        assert [example.case.expected for example in read] == [{"label": "spam"}, {"label": "ham"}]


def test_only_input_goes_through_the_prompts_template(tmp_path, tokenizer):
    prompt = Prompt(template="Text: {{ text }}")
    rows = [{"input": "a", "expected": "b"}, {"prompt": "a", "completion": "b"}]
    own, completion = examples_in(write_jsonl(tmp_path / "rows.jsonl", rows), prompt, tokenizer)
    assert [example.messages[0]["content"] for example in (own, completion)] == ["Text: a", "a"]


CHAT = [
    turn("user", "win"),
    turn("assistant", "spam"),
    turn("user", "lunch"),
    turn("assistant", "ham"),
    turn("user", "cash prize"),
    turn("assistant", "spam again"),
]


def learnt(tokenizer, example):
    """The texts that the loss looks at."""
    parts, part = [], []
    for label in [*example.columns()["labels"], IGNORED]:
        if label != IGNORED:
            part.append(label)
        elif part:
            parts.append(tokenizer.decode(part))
            part = []
    return parts


def read_one(tmp_path, tokenizer, row, prompt=PROMPT):
    [example] = examples_in(write_parquet(tmp_path / "chat.parquet", [row]), prompt, tokenizer)
    columns = example.columns()
    assert columns["asked"] + columns["answer"] == [*example.prompt, *example.answer]
    assert len(columns["labels"]) == len(columns["answer"])
    return example


def test_of_a_chat_every_answer_is_learnt_and_nothing_else(tmp_path, tokenizer):
    example = read_one(tmp_path, tokenizer, {"messages": CHAT})
    assert learnt(tokenizer, example) == ["spam<|im_end|>", "ham<|im_end|>", "spam again<|im_end|>"]
    assert tokenizer.decode(example.answer) == "spam again<|im_end|>"


def test_context_and_examples_are_read_and_not_learnt(tmp_path, tokenizer):
    """An `input` or a `prompt` of several turns is context; so are the golden set's few-shot examples."""
    for row in ({"input": CHAT[:-1], "expected": "spam"}, {"prompt": CHAT[:-1], "completion": "spam"}):
        assert learnt(tokenizer, read_one(tmp_path, tokenizer, row)) == ["spam<|im_end|>"]
    prompt = Prompt("Sort.", None, (("home", "ham"),))
    example = read_one(tmp_path, tokenizer, {"messages": CHAT[:4]}, prompt)
    assert [message["role"] for message in example.messages] == ["system"] + ["user", "assistant"] * 2 + ["user"]
    assert learnt(tokenizer, example) == ["spam<|im_end|>", "ham<|im_end|>"]


def test_an_answer_that_is_written_otherwise_in_history_is_left_out(tmp_path, tokenizer, monkeypatch):
    """As templates do that keep the thoughts of the last answer alone."""
    template = tokenizer.chat_template.replace(
        "{{ m.content }}", "{% if loop.last and m.role == 'assistant' %}hm, {% endif %}{{ m.content }}"
    )
    template = template.replace("assistant\n{% endif %}", "assistant\nhm, {% endif %}")
    monkeypatch.setattr(tokenizer, "chat_template", template)
    example = read_one(tmp_path, tokenizer, {"messages": CHAT})
    assert learnt(tokenizer, example) == ["spam again<|im_end|>"]
    assert example.left_out == 2


def test_faults_of_a_parquet_file_name_the_row(tmp_path, tokenizer):
    rows = [{"messages": CHAT}, {"messages": CHAT[:-1]}, {"messages": [turn("user", ""), turn("assistant", "b")]}]
    path = write_parquet(tmp_path / "chat.parquet", rows)
    with pytest.raises(TrainError) as caught:
        examples_in(path, PROMPT, tokenizer)
    told = str(caught.value).splitlines()
    assert told[0].startswith(f"{path}:2: (chat) does not end with an assistant turn")
    assert told[1].startswith(f"{path}:3: (chat) no non-empty user turn")


def test_a_template_that_refuses_a_row_is_told_with_its_line(tmp_path, tokenizer, monkeypatch):
    refusing = "{{ raise_exception('System role not supported') }}"
    template = "{% if messages[0].role == 'system' %}" + refusing + "{% endif %}" + tokenizer.chat_template
    monkeypatch.setattr(tokenizer, "chat_template", template)
    with pytest.raises(
        TrainError, match=r"chat\.parquet:1: .* rejects turns of system, user, assistant: System role not"
    ):
        read_one(tmp_path, tokenizer, {"messages": CHAT[:2]})


def test_a_fine_tune_on_parquet_chats_validated_on_csv(make_job, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    job = make_job(epochs=1, rows=8)
    plain = [json.loads(line) for line in Path(job.train_file).read_text().splitlines()]
    chats = [{"messages": [*CHAT[:2], turn("user", r["input"]), turn("assistant", r["expected"])]} for r in plain]
    pairs = [{"prompt": r["input"], "completion": r["expected"]} for r in plain]
    train = write_parquet(tmp_path / "chats.parquet", chats)
    validation = write_csv(tmp_path / "pairs.csv", pairs)
    out = tmp_path / "out"
    out.mkdir()
    job = replace(job, train_file=str(train), validation_file=str(validation))
    run(job, out, EventLog(out / "events.jsonl"))
    manifest = read_manifest(out / "manifest.json")
    assert manifest.params["rows"] == 8
    assert manifest.epochs[0].cases == 8


MADE = (
    {
        "id": "a",
        "input": {"text": "WIN £100 now! Txt STOP to 80082"},
        "expected": {"label": "spam"},
        "slices": {"a": "b"},
    },
    {"input": "see you  at  noon\n\n ok?", "expected": {"label": "ham"}},
    {"input": [turn("system", "Be brief."), *CHAT[:2], turn("user", "Of Peru?")], "expected": "\nLima."},
    {"input": "naïve 日本 🙂", "expected": ["a", 1]},
)


def test_rows_with_input_and_expected_give_the_tokens_they_always_gave(tmp_path):
    """Of the real tokenizer, as they were before other shapes were read: the demo's adapter stays what it was."""
    if not (MODEL / "tokenizer.json").is_file():
        pytest.skip("the base model is not there; make it with: make data")
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(MODEL)
    prompt = Prompt('Answer {"label": "spam"} or {"label": "ham"}.', "{{ text }}")
    examples = examples_in(write_jsonl(tmp_path / "made.jsonl", MADE), prompt, tokenizer)
    ids = json.dumps([[list(example.prompt), list(example.answer)] for example in examples])
    assert (
        hashlib.sha256(ids.encode()).hexdigest() == "45739f9904b86beca2cfa233e80a54e4a3f7c6936387d90f3a592b9bf748248c"
    )
    assert all(example.columns()["asked"] == list(example.prompt) for example in examples)
    assert all(example.columns()["labels"] == list(example.answer) for example in examples)
    first = examples[0]
    assert first.answer == answer_tokens(tokenizer, first.messages, '{"label": "spam"}')
