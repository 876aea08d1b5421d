"""What production was asked -> the input of a case that is asked with the same messages."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_ftgate.evaluate.suite import load_suite
from pytest_ftgate.golden.case import render
from pytest_ftgate.pipeline.live.case_input import case_input
from tests.projects import write_golden

PROMPTS = {
    "plain": "",
    "system": '[prompt]\nsystem = "Be brief."\n',
    "template": '[prompt]\nsystem = "Be brief."\ntemplate = "Label this: {{ text }}\\nLabel:"\n',
    "examples": '[prompt]\ntemplate = "Label: {{ text }}"\nexamples = [["Label: a", "b"]]\n',
    "condition": '[prompt]\ntemplate = "{% if text %}Say {{ text }}{% endif %}"\n',
}
TALK = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes?"}, {"role": "user", "content": "No"}]


OWN = {"text": "a text", "variables": {"text": "a text"}, "conversation": TALK}
PAIRS = [(own, prompt) for own in OWN for prompt in PROMPTS if own != "variables" or "template" in PROMPTS[prompt]]


@pytest.mark.parametrize(("own", "prompt"), PAIRS)
def test_the_input_is_asked_with_the_messages_that_were_logged(tmp_path: Path, own: str, prompt: str):
    suite = load_suite(write_golden(tmp_path / "g", [{"input": OWN[own], "expected": "x"}], PROMPTS[prompt]))
    found = case_input(suite, render(suite.prompt, OWN[own]))
    if prompt == "condition" and own != "conversation":  # which text a template with logic was given, nobody knows
        assert found == render(suite.prompt, OWN[own])
    else:
        assert found == OWN[own]


@pytest.mark.parametrize("kind", ["text", "input_text"])
def test_parts_of_text_are_one_text(tmp_path: Path, kind: str):
    suite = load_suite(write_golden(tmp_path / "g", [{"input": "a", "expected": "x"}], PROMPTS["system"]))
    parts = [{"type": kind, "text": "a"}, {"type": kind, "text": "text"}]
    assert case_input(suite, [{"role": "user", "content": parts}]) == "a\ntext"


def test_a_foreign_system_turn_stays(tmp_path: Path):
    suite = load_suite(write_golden(tmp_path / "g", [{"input": "a", "expected": "x"}], PROMPTS["system"]))
    logged = [{"role": "system", "content": "Be rude."}, {"role": "user", "content": "Hi"}]
    assert case_input(suite, logged) == logged
