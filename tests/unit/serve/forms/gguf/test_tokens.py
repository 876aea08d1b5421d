"""tokenizer.json -> the name under which llama.cpp cuts a text alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.forms.gguf.tokens import LLAMA3, QWEN2, pre_tokenizer

LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True}
BARE = LEVEL | {"use_regex": False}


def split(pattern):
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}


def fields(*steps, normalizer=None, kind="BPE"):
    pre = steps[0] if len(steps) == 1 else {"type": "Sequence", "pretokenizers": list(steps)}
    return {"model": {"type": kind}, "pre_tokenizer": pre, "normalizer": normalizer}


@pytest.mark.parametrize(
    ("found", "name"),
    [
        (fields(LEVEL), "gpt-2"),
        (fields({"type": "Digits", "individual_digits": True}, LEVEL), "smollm"),
        (fields(split(LLAMA3), BARE), "llama-bpe"),
        (fields(split(QWEN2), BARE, normalizer={"type": "NFC"}), "qwen2"),
    ],
)
def test_ways_to_cut_a_text_that_llama_cpp_has_a_name_for(found, name):
    assert pre_tokenizer(found, Path("tokenizer.json")) == name


@pytest.mark.parametrize(
    "found",
    [
        fields(LEVEL, kind="Unigram"),
        fields(LEVEL, normalizer={"type": "Lowercase"}),
        fields(LEVEL | {"add_prefix_space": True}),
        fields(split("[a-z]+"), BARE),
        fields({"type": "Metaspace"}),
    ],
)
def test_any_other_is_refused_and_never_taken_for_one_of_these(found):
    with pytest.raises(ServeError, match=r"tokenizer.json: .*\n?.*--converter"):
        pre_tokenizer(found, Path("tokenizer.json"))
