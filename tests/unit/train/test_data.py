"""Rows become the token ids that the server will see, followed by the answer."""

from __future__ import annotations

import pytest

from pytest_ftgate.errors import TrainError
from pytest_ftgate.golden.case import Prompt
from pytest_ftgate.train.rendering import answer_tokens
from tests.unit.train.reads import examples_in

PROMPT = Prompt("Sort.", "{{ text }}")


def write(tmp_path, *lines):
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


GOOD = '{"input": "win cash", "expected": {"label": "spam"}}'


def test_prompt_and_answer_are_the_chat_template(tmp_path, tokenizer):
    [example] = examples_in(write(tmp_path, GOOD), PROMPT, tokenizer)
    assert tokenizer.decode(example.prompt) == (
        "<|im_start|>system\nSort.<|im_end|>\n<|im_start|>user\nwin cash<|im_end|>\n<|im_start|>assistant\n"
    )
    assert tokenizer.decode(example.answer) == '{"label": "spam"}<|im_end|>'
    assert len(example) == len(example.prompt) + len(example.answer)


def test_an_answer_in_text_is_taken_as_it_is(tmp_path, tokenizer):
    [example] = examples_in(write(tmp_path, '{"input": "a", "expected": "spam"}'), PROMPT, tokenizer)
    assert tokenizer.decode(example.answer) == "spam<|im_end|>"


def test_only_the_first_rows_are_read_and_empty_lines_are_not_rows(tmp_path, tokenizer):
    path = write(tmp_path, GOOD, "", GOOD, "not JSON")
    assert len(examples_in(path, PROMPT, tokenizer, max_rows=2)) == 2


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "is not valid JSON"),
        ('{"expected": "spam"}', "unknown row format; found keys: 'expected'"),
        ('{"input": "a"}', "unknown row format; found keys: 'input'"),
        ('{"prompt": "a", "chosen": "b", "rejected": "c"}', 'set train.method = "dpo"'),
        ('{"input": "a", "expected": "b", "graders": "exact"}', "expected a list of graders"),
        ('{"input": {"txt": "a"}, "expected": "spam"}', "the template uses: text; the input has: txt"),
        ('["a"]', "is a JSON list, expected an object"),
    ],
)
def test_a_bad_row_is_told_with_its_line(tmp_path, tokenizer, line, told):
    with pytest.raises(TrainError, match=r"rows\.jsonl:2: ") as caught:
        examples_in(write(tmp_path, GOOD, line), PROMPT, tokenizer)
    assert told in str(caught.value)


SYNTHETIC = '{"input": "win", "expected": "spam", "synthetic": true'


@pytest.mark.parametrize("rest", ["}", ', "review": "unreviewed"}', ', "review": "rejected"}', ', "reviewed": false}'])
def test_a_synthetic_row_that_nobody_has_reviewed_does_not_train(tmp_path, tokenizer, rest):
    with pytest.raises(TrainError, match=r"rows\.jsonl:2: unreviewed synthetic row.* ftgate data review"):
        examples_in(write(tmp_path, GOOD, SYNTHETIC + rest), PROMPT, tokenizer)


@pytest.mark.parametrize("rest", [', "review": "accepted"}', ', "review": "edited"}', ', "reviewed": true}'])
def test_a_synthetic_row_that_a_person_has_accepted_trains(tmp_path, tokenizer, rest):
    assert len(examples_in(write(tmp_path, GOOD, SYNTHETIC + rest), PROMPT, tokenizer)) == 2


def test_review_is_an_ordinary_key_of_a_row_that_is_not_synthetic(tmp_path, tokenizer):
    row = '{"input": "a", "expected": "b", "review": "a fine film"}'
    assert len(examples_in(write(tmp_path, row), PROMPT, tokenizer)) == 1


def test_no_rows_are_an_error(tmp_path, tokenizer):
    with pytest.raises(TrainError, match="no rows found"):
        examples_in(write(tmp_path, ""), PROMPT, tokenizer)


def test_a_template_that_never_ends_the_turn_is_refused(tokenizer, monkeypatch):
    monkeypatch.setattr(tokenizer, "chat_template", "{% for m in messages %}{{ m.content }}\n{% endfor %}")
    with pytest.raises(TrainError, match=r"does not end the answer with an end token \('<\|im_end\|>'\)"):
        answer_tokens(tokenizer, [{"role": "user", "content": "a"}], "spam")


def test_a_template_that_rewrites_the_prompt_is_refused(tokenizer, monkeypatch):
    monkeypatch.setattr(
        tokenizer, "chat_template", "{{ messages | length }}{% for m in messages %}{{ m.content }}{% endfor %}"
    )
    with pytest.raises(TrainError, match="renders the prompt differently once answered"):
        answer_tokens(tokenizer, [{"role": "user", "content": "a"}], "spam")
