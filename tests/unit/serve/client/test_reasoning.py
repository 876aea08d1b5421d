"""What a reasoning model wrote -> (what it thought, its answer)."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.serve.client import reasoning
from pytest_ftgate.serve.client.pool import Pool, Request
from pytest_ftgate.serve.client.reasoning import split
from pytest_ftgate.serve.client.sync import Client
from pytest_ftgate.serve.engine import Endpoint
from pytest_ftgate.serve.response import Response
from tests.mock_openai import MockServer

MARKS = ["<think>", "</think>", "[THINK]", "[/THINK]", "<|channel|>", "<|message|>", "<|end|>", "<|start|>", "final"]
HARMONY = "<|channel|>analysis<|message|>Hmm.<|end|><|start|>assistant<|channel|>final<|message|>42"


@pytest.mark.parametrize(
    ("text", "reasoning", "answer"),
    [
        ("<think>Hmm.</think>\n\n42", "Hmm.", "42"),
        ("\n <think>\nHmm.\n</think>42", "Hmm.", "42"),
        ("Hmm.\n</think>\n\n42", "Hmm.", "42"),
        ("<think>\n\n</think>\n\n42", "", "42"),
        ("<think>a</think><think>b</think>42", "a\n\nb", "42"),
        ("<think>a</think>One.\n<think>b</think>\nTwo.", "a\n\nb", "One.\n\nTwo."),
        ("<think>Hmm, maybe", "Hmm, maybe", ""),
        ("<think>a</think>\n<think>b", "a\n\nb", ""),
        ("<think>Hmm.</think>", "Hmm.", ""),
        ("[THINK]Hmm.[/THINK]42", "Hmm.", "42"),
        ("<|channel>thought\nHmm.\n<channel|>42", "Hmm.", "42"),
        ("<seed:think>Hmm.</seed:think>42", "Hmm.", "42"),
        ("◁think▷Hmm.◁/think▷42", "Hmm.", "42"),
        (HARMONY, "Hmm.", "42"),
        (f"{HARMONY}<|return|>", "Hmm.", "42"),
        (f"<|start|>assistant{HARMONY}", "Hmm.", "42"),
        ("<|channel|>analysis<|message|>Hmm, maybe", "Hmm, maybe", ""),
        ("<|channel|>final <|constrain|>json<|message|>{}", "", "{}"),
        ("<|channel|>commentary to=functions.f <|constrain|>json<|message|>{}<|call|>", "{}", ""),
        ("<|channel|>anal", "", ""),
        ("analysisThey ask for 6 x 7.assistantfinal42", "They ask for 6 x 7.", "42"),
    ],
)
def test_reasoning_is_no_part_of_the_answer(text, reasoning, answer):
    assert split(text) == (reasoning, answer)


@pytest.mark.parametrize(
    "text",
    [
        "42",
        "",
        "  42\n",
        "analysis of the text: good",
        "The tag <think> opens it.",
        'print("<think>")',
        "Write <|channel|>final<|message|> first.",
    ],
)
def test_an_answer_without_reasoning_stays_as_it_is(text):
    assert split(text) == ("", text)


@pytest.mark.parametrize(
    "mark", ["<seed:think>", "</seed:think>", "◁think▷", "◁/think▷", "<think>", "<|channel>", "<channel|>"]
)
def test_a_server_of_ours_keeps_every_mark_that_is_read(mark):
    assert mark in reasoning.MARKS


@given(st.lists(st.sampled_from([*MARKS, "a", "\n", " ", "analysis", "assistantfinal"])).map("".join))
def test_nothing_is_made_up_and_nothing_fails(text):
    reasoning, answer = split(text)
    assert all(line.strip() in text for line in [*reasoning.splitlines(), *answer.splitlines()])


@pytest.mark.parametrize(
    "text", ["<think>\n" * 300_000, "<think>a</think>\n" * 100_000, "\n" * 10**6 + "</think>", "<|channel|>a" * 10**5]
)
def test_a_text_made_to_be_slow_is_not(text):
    begun = time.monotonic()
    split(text)
    assert time.monotonic() - begun < 60


def asked(text: str, **more: bool) -> Response:
    with MockServer(lambda _: text) as server, Pool() as pool:
        request = Request("k", "a", [{"role": "user", "content": "q"}], {}, **more)
        return pool.submit(Endpoint(server.base_url, "mock"), "m", [request])["k"].result(30)


def test_a_response_holds_both_apart_unless_they_are_to_be_kept_together():
    text = "<think>Hmm.</think>42"
    split_up, kept = asked(text), asked(text, keeps_reasoning=True)
    assert (split_up.text, split_up.reasoning) == ("42", "Hmm.")
    assert (kept.text, kept.reasoning) == (text, "")


def test_the_small_client_gives_the_answer_alone():
    with MockServer(lambda _: "<think>Hmm.</think>42") as server:
        assert Client(Endpoint(server.base_url, "mock")).text("q") == "42"


@pytest.mark.parametrize(
    ("text", "thought", "answer"),
    [
        ('{"html": "a</think>b"}', "", '{"html": "a</think>b"}'),
        ('{"html": "\\"</think>"}', "", '{"html": "\\"</think>"}'),
        ('He said "ham"</think>spam', 'He said "ham"', "spam"),
        ('An open " on a line\n</think>spam', 'An open " on a line', "spam"),
        ("\ufeff<think>so</think>spam", "so", "spam"),
        ("\ufeffspam", "", "spam"),
    ],
)
def test_a_mark_in_quotes_is_the_answers_own_and_a_byte_order_mark_is_nothing(text, thought, answer):
    assert split(text) == (thought, answer)


def test_kept_thoughts_stay_in_the_answer():
    assert split("<think>so</think>spam", keeps=True) == ("", "<think>so</think>spam")
