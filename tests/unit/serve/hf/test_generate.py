"""Our decoding loop against `model.generate()` of transformers."""

from __future__ import annotations

import random
from collections import Counter

import pytest
import torch

from pytest_ftgate.serve.hf import generate as generating
from pytest_ftgate.serve.hf import prefix as module
from pytest_ftgate.serve.hf.generate import decode, generate, prompt_tokens
from pytest_ftgate.serve.hf.row import Job
from pytest_ftgate.serve.hf.server import Refused, template_variables


def talk(text: str, system: str = "") -> list[dict[str, str]]:
    first = [{"role": "system", "content": system}] if system else []
    return [*first, {"role": "user", "content": text}]


def talks(n: int, system: str = "") -> list[list[dict[str, str]]]:
    draw = random.Random(n)
    return [
        talk(" ".join(draw.choices(["spam", "ham", "hello", "x1", "."], k=draw.randint(1, 20))), system)
        for _ in range(n)
    ]


def reference(model, tokenizer, conversation, max_tokens):
    """One conversation alone, no batch, no prefix."""
    ids = torch.tensor([prompt_tokens(tokenizer, conversation)])
    out = model.generate(
        ids, attention_mask=torch.ones_like(ids), max_new_tokens=max_tokens, do_sample=False, pad_token_id=0
    )
    return tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True)


@pytest.mark.parametrize("system", ["", "a long instruction " * 30], ids=["own prompts", "shared prefix"])
def test_greedy_answers_are_those_of_transformers(model, tokenizer, system):
    conversations = talks(13, system)
    answers = generate(model, tokenizer, conversations, 12, batch_size=5)
    assert [a.text for a in answers] == [reference(model, tokenizer, c, 12) for c in conversations]
    assert len({a.text for a in answers}) > 3, "the model must not say the same to everything"


def test_penalties_of_the_models_own_defaults_are_not_applied(model, tokenizer, monkeypatch):
    conversations = talks(5)
    plain = [reference(model, tokenizer, c, 12) for c in conversations]
    monkeypatch.setattr(model.generation_config, "repetition_penalty", 1.8)
    assert [reference(model, tokenizer, c, 12) for c in conversations] != plain, "transformers itself would"
    assert [answer.text for answer in generate(model, tokenizer, conversations, 12)] == plain


def test_the_shared_prefix_is_computed_once(model, tokenizer, monkeypatch):
    widths = Counter()
    original = model.forward
    monkeypatch.setattr(model, "forward", lambda **k: widths.update([k["input_ids"].shape[1]]) or original(**k))
    conversations = talks(12, "a long instruction " * 30)
    shared = len(module.common_prefix([list(prompt_tokens(tokenizer, c)) for c in conversations]))
    with_prefix = generate(model, tokenizer, conversations, 3, batch_size=4)
    assert shared > 100
    assert widths[shared] == 1
    assert max(width for width in widths if width != shared) < 100
    monkeypatch.setattr(module, "SHORTEST", 10**9)
    assert generate(model, tokenizer, conversations, 3, batch_size=4) == with_prefix


def test_equal_prompts_still_feed_one_token_each(model, tokenizer):
    same = [talk("hello " * 20)] * 3
    answers = generate(model, tokenizer, same, 4)
    assert len({a.text for a in answers}) == 1
    assert answers[0].text == reference(model, tokenizer, same[0], 4)


def test_the_end_token_of_the_generation_config_ends_an_answer(model, tokenizer, monkeypatch):
    conversation = talk("hello")
    free = generate(model, tokenizer, [conversation], 8)[0]
    ids = tokenizer.encode(free.text)
    assert free.finish_reason == "length"
    assert free.completion_tokens == 8
    monkeypatch.setattr(model.generation_config, "eos_token_id", [2, ids[3]])
    cut = generate(model, tokenizer, [conversation], 8)[0]
    assert cut.finish_reason == "stop"
    assert cut.completion_tokens < 8
    assert free.text.startswith(cut.text)


def test_a_stop_string_ends_the_answer_and_is_not_part_of_it(model, tokenizer):
    conversation = talk("ham")
    free = generate(model, tokenizer, [conversation], 10)[0].text
    stop = free[3:5]
    answer = generate(model, tokenizer, [conversation], 10, stop=[stop, "never said"])[0]
    assert answer.text == free[: free.index(stop)]
    assert answer.finish_reason == "stop"


@pytest.mark.parametrize(
    "choices", [("spam", "ham"), ('{"label": "spam"}', '{"label": "ham"}'), ("a", "ab", "abc"), ("only",)]
)
def test_only_allowed_answers_are_given(model, tokenizer, choices):
    answers = generate(model, tokenizer, talks(10), 32, choices=choices)
    assert {a.text for a in answers} <= set(choices)
    assert {a.finish_reason for a in answers} == {"stop"}


def test_a_choice_follows_the_models_preference(model, tokenizer):
    """At the fork the token with the higher logit wins, as with `prefix_allowed_tokens_fn`."""
    choices = ("spam", "ham", "hello", "x")
    allowed = [tokenizer.encode(c, add_special_tokens=False) for c in choices]
    for conversation in talks(8):
        ids = torch.tensor([prompt_tokens(tokenizer, conversation)])

        def follow(_, so_far, length=ids.shape[1]):
            said = so_far[length:].tolist()
            return [(*a, 2)[len(said)] for a in allowed if a[: len(said)] == said]

        out = model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=9,
            do_sample=False,
            pad_token_id=0,
            prefix_allowed_tokens_fn=follow,
        )
        expected = tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True)
        assert generate(model, tokenizer, [conversation], 9, choices=choices)[0].text == expected


def test_forced_tokens_cost_no_step_of_the_model(model, tokenizer, monkeypatch):
    calls = []
    original = model.forward
    monkeypatch.setattr(model, "forward", lambda **k: calls.append(1) or original(**k))
    generate(model, tokenizer, talks(4), 32, choices=["yes and no", "yes or no"])
    assert len(calls) == 1


def test_a_choice_that_does_not_fit_is_cut_off(model, tokenizer):
    answer = generate(model, tokenizer, [talk("x")], 2, choices=["a long answer of many tokens"])[0]
    assert (answer.finish_reason, answer.completion_tokens) == ("length", 2)


def test_a_draw_depends_on_its_seed_and_not_on_its_batch(model, tokenizer):
    conversations = talks(6)
    together = generate(model, tokenizer, conversations, 8, temperature=1.0, seed=7, batch_size=6)
    apart = generate(model, tokenizer, conversations, 8, temperature=1.0, seed=7, batch_size=1)
    other = generate(model, tokenizer, conversations, 8, temperature=1.0, seed=99)
    assert together == apart
    assert together != other


def test_draws_follow_the_models_shares(model, tokenizer):
    tokens = prompt_tokens(tokenizer, talk("hello"))
    with torch.inference_mode():
        logits = model(torch.tensor([tokens])).logits[0, -1]
    letters = {letter: float(logits[tokenizer.encode(letter)[0]]) for letter in "bcdefgij"}
    first, second = sorted(letters, key=letters.__getitem__)[-2:][::-1]
    wide = letters[first] - letters[second]
    jobs = [Job(tokens, 1, temperature=wide, seed=i, choices=(first, second)) for i in range(400)]
    said = Counter()
    decode(model, tokenizer, jobs, lambda _, answer: said.update([answer.text]), batch_size=200)
    assert said[first] / 400 == pytest.approx(0.731, abs=0.08)  # 1 / (1 + e^-1)


def test_rows_of_a_batch_may_have_different_settings(model, tokenizer):
    tokens = prompt_tokens(tokenizer, talk("hello"))
    answers = {}
    jobs = [Job(tokens, 3), Job(tokens, 6), Job(tokens, 6, choices=("spam", "ham"))]
    decode(model, tokenizer, jobs, lambda i, answer: answers.update({i: answer}))
    alone = [generate(model, tokenizer, [talk("hello")], n)[0] for n in (3, 6)]
    assert [answers[0], answers[1]] == alone
    assert [answers[i].completion_tokens for i in (0, 1)] == [3, 6]
    assert answers[2].text in {"spam", "ham"}


def test_each_answer_is_told_when_it_is_there_and_training_mode_comes_back(model, tokenizer):
    seen = []
    model.train()
    try:
        answers = generate(model, tokenizer, talks(5), 2, on_answer=lambda i, a: seen.append((i, a)))
        assert model.training
    finally:
        model.eval()
    assert sorted(seen, key=lambda pair: pair[0]) == list(enumerate(answers))


def test_nothing_to_answer(model, tokenizer):
    assert generate(model, tokenizer, [], 5) == []


@pytest.mark.parametrize(
    ("settings", "text"),
    [({"max_tokens": 0}, "max_tokens is 0"), ({"max_tokens": 3, "choices": ["a", ""]}, "empty string")],
)
def test_settings_that_make_no_sense_are_refused(model, tokenizer, settings, text):
    with pytest.raises(ValueError, match=text):
        generate(model, tokenizer, [talk("x")], **settings)


def test_prompts_read_a_few_at_a_time_give_the_same_answers(model, tokenizer, monkeypatch):
    conversations = talks(13)
    whole = generate(model, tokenizer, conversations, 12)
    widths = []
    original = model.forward
    monkeypatch.setattr(model, "forward", lambda **k: widths.append(k["input_ids"].shape) or original(**k))
    monkeypatch.setattr(generating, "READ_TOGETHER", 64)
    assert generate(model, tokenizer, conversations, 12) == whole
    prompts = [shape for shape in widths if shape[1] > 1]
    assert len(prompts) > 4, "in groups"
    assert all(rows * width <= 64 or rows == 1 for rows, width in prompts)


def test_what_the_first_token_decides_is_answered_before_the_next_prompts_are_read(model, tokenizer, monkeypatch):
    seen = []
    original = model.forward
    monkeypatch.setattr(model, "forward", lambda **k: seen.append("read") or original(**k))
    monkeypatch.setattr(generating, "READ_TOGETHER", 64)
    choices = ('{"label": "spam"}', '{"label": "ham"}')
    generate(model, tokenizer, talks(13), 12, choices=choices, on_answer=lambda i, answer: seen.append("answer"))
    assert seen.count("answer") == 13
    assert "answer" in seen[:3]


def test_a_prefix_is_kept_for_the_jobs_to_come(model, tokenizer, monkeypatch):
    system = "a long instruction " * 30
    jobs = [Job(prompt_tokens(tokenizer, c), 3) for c in talks(6, system)]
    others = [Job(prompt_tokens(tokenizer, c), 3) for c in talks(5, system)]
    expected: dict[int, str] = {}
    decode(model, tokenizer, others, lambda i, answer: expected.update({i: answer.text}))
    prefix = decode(model, tokenizer, jobs, lambda i, answer: None)
    widths = Counter()
    original = model.forward
    monkeypatch.setattr(model, "forward", lambda **k: widths.update([k["input_ids"].shape[1]]) or original(**k))
    again: dict[int, str] = {}
    assert decode(model, tokenizer, others, lambda i, answer: again.update({i: answer.text}), known=prefix) is prefix
    assert again == expected
    assert max(widths) < 100, "the instruction was not read again"
    alone = decode(model, tokenizer, others[:1], lambda i, answer: again.update({i: answer.text}), known=prefix)
    assert alone is prefix
    assert again == expected


def test_a_prefix_of_other_prompts_is_not_used(model, tokenizer):
    jobs = [Job(prompt_tokens(tokenizer, c), 3) for c in talks(4, "a long instruction " * 30)]
    others = [Job(prompt_tokens(tokenizer, c), 3) for c in talks(4, "hello spam ham . " * 30)]
    expected: dict[int, str] = {}
    decode(model, tokenizer, others, lambda i, answer: expected.update({i: answer.text}))
    prefix = decode(model, tokenizer, jobs, lambda i, answer: None)
    found: dict[int, str] = {}
    assert (
        decode(model, tokenizer, others, lambda i, answer: found.update({i: answer.text}), known=prefix) is not prefix
    )
    assert found == expected


def test_the_variables_of_a_chat_template_are_honoured_or_refused(tokenizer):
    before = tokenizer.chat_template
    try:
        tokenizer.chat_template = before + "{% if enable_thinking is false %}<think></think>{% endif %}"
        body = {"chat_template_kwargs": {"enable_thinking": False}}
        without = prompt_tokens(tokenizer, talk("spam"), **template_variables(tokenizer, body))
        assert tokenizer.decode(without).endswith("<think></think>")
        assert prompt_tokens(tokenizer, talk("spam"), **template_variables(tokenizer, {})) != without
        with pytest.raises(Refused, match="no variable 'thinking'"):
            template_variables(tokenizer, {"chat_template_kwargs": {"thinking": False}})
    finally:
        tokenizer.chat_template = before
