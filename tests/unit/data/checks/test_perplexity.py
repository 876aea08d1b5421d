"""Outliers of perplexity: the score against scipy, the sample, labels apart; likelihoods against transformers' loss."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.data.checks.perplexity import Perplexity, robust_z
from pytest_ftgate.data.checks.run import inspect
from pytest_ftgate.data.readers.row import DataRow
from pytest_ftgate.errors import DataError
from pytest_ftgate.train import perplexity
from pytest_ftgate.train.perplexity import losses_in


def row(line: int, answer: str, asked: str = "why?") -> DataRow:
    return DataRow("t.jsonl", line, ({"role": "user", "content": asked},), answer)


def of_line(rows) -> list[float]:
    """A loss near 2 for every row, but what an answer like "loss 9.5" says."""
    return [
        float(each.answer.split()[1]) if each.answer.startswith("loss") else 2 + each.line % 7 / 20 for each in rows
    ]


def long(line: int) -> DataRow:
    return row(line, f"a long answer of its own, number {line}")


def test_a_surprising_answer_is_listed_and_the_others_are_not():
    some = [
        *map(long, range(1, 100)),
        row(100, "loss 9.5 and some more words here"),
        row(101, "loss 0.1 and other words too"),
    ]
    outcome = inspect(some, [Perplexity(of_line, 200)]).outcomes[1]
    assert (outcome.level, outcome.note) == ("warning", "median perplexity 8.58 of 101 rows")
    first, second = map(str, outcome.first)
    assert first.startswith("t.jsonl:100 (perplexity 1.34e+04, z +")
    assert second.startswith("t.jsonl:101 (perplexity 1.11, z -")
    assert inspect(some[:99], [Perplexity(of_line, 200)]).outcomes[1].level == "ok"


def test_where_answers_are_labels_each_label_is_looked_at_apart():
    """A rare label is more surprising than the usual one, and no outlier for that."""
    some = [row(n, "spam" if n % 10 == 0 else "ham") for n in range(400)]
    by_label = lambda rows: [(8 if each.answer == "spam" else 1) + each.line % 13 / 50 for each in rows]  # noqa: E731
    assert inspect(some, [Perplexity(by_label, 400)]).outcomes[1].level == "ok"


def test_the_sample_is_bounded_seeded_and_fair():
    seen: list[list[int]] = []

    def note(rows):
        seen.append([each.line for each in rows])
        return [1.0] * len(rows)

    for seed in range(300):
        inspect(map(long, range(40)), [Perplexity(note, 10, seed)])
    inspect(map(long, range(40)), [Perplexity(note, 10, 0)])
    assert seen[0] == seen[-1] == sorted(seen[0])
    assert {len(lines) for lines in seen} == {10}
    counts = np.bincount([line for lines in seen for line in lines], minlength=40)
    assert counts.min() > 45
    assert counts.max() < 110, "75 each, standard deviation 7.5"


@given(st.lists(st.floats(-50, 50), min_size=20, max_size=60))
def test_robust_z_is_scipys(values):
    from scipy.stats import median_abs_deviation

    scale = median_abs_deviation(values, scale="normal")
    if scale > 1e-6:
        expected = (np.array(values) - np.median(values)) / scale
        assert robust_z(values) == pytest.approx(expected, rel=1e-3, abs=1e-6)


def test_equal_values_and_few_values_have_no_outlier():
    assert robust_z([1.0] * 30) == [0.0] * 30
    assert robust_z([1.0] * 10 + [9.0]) == [0.0] * 11
    assert robust_z([1.0] * 30 + [9.0])[-1] > 3.5, "more than half are equal, and one stands out"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A Llama of two layers with weights drawn at random, a word a token."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    inner = Tokenizer(
        models.WordLevel({word: n for n, word in enumerate(["?", "<end>", *"abcdefghij"])}, unk_token="?")
    )
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    fast = PreTrainedTokenizerFast(tokenizer_object=inner, unk_token="?", eos_token="<end>", pad_token="<end>")
    fast.chat_template = "{% for m in messages %}{{ m.content }} <end> {% endfor %}"
    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=12,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
    )
    folder = tmp_path_factory.mktemp("tiny")
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


def test_likelihoods_are_of_the_answer_alone_and_those_of_the_model(tiny):
    """Against transformers' own loss of each row by itself, with the prompt masked."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model, tokenizer = (
        AutoModelForCausalLM.from_pretrained(tiny, dtype=torch.bfloat16),
        AutoTokenizer.from_pretrained(tiny),
    )
    draw = random.Random(3)
    words = lambda most: " ".join(draw.choices("abcdefghij", k=draw.randrange(1, most)))  # noqa: E731
    some = [row(n, words(9), words(15)) for n in range(21)]
    for each, loss in zip(some, losses_in(tiny, "bfloat16", 100)(some), strict=True):
        prompt = tokenizer(f"{each.question} <end>")["input_ids"]
        ids = torch.tensor([prompt + tokenizer(each.answer)["input_ids"]])
        labels = ids.clone()
        labels[0, : len(prompt)] = -100
        assert loss == pytest.approx(model(ids, labels=labels).loss.item(), abs=0.03)
    assert math.isfinite(losses_in(tiny, "bfloat16", 100)([row(1, "")])[0])
    assert len(losses_in(tiny, "bfloat16", 6)([row(1, words(9), "a " * 30), row(2, "a " * 30)])) == 2


def test_a_folder_without_weights_is_told(tiny, tmp_path):
    import shutil

    shutil.copytree(tiny, tmp_path / "m", ignore=shutil.ignore_patterns("*.safetensors"))
    with pytest.raises(DataError, match="m: cannot be loaded"):
        losses_in(tmp_path / "m", "float32", 100)([row(1, "a")])


def test_this_process_never_holds_the_model(tiny, monkeypatch):
    """Its memory, of a GPU too, is free before a model is served or trained."""
    monkeypatch.setattr("pytest_ftgate.serve.hf.weights.load_weights", None)
    assert len(losses_in(tiny, "float32", 100)([row(1, "a", "b")])) == 1


def test_a_process_that_dies_is_told_with_its_last_lines(tiny, monkeypatch):
    monkeypatch.setattr(perplexity, "MODULE", "pytest_ftgate.train.no_such_module")
    with pytest.raises(DataError, match=r"No module named pytest_ftgate\.train\.no_such_module") as caught:
        losses_in(tiny, "float32", 100)([row(1, "a", "b")])
    assert "cannot be asked for perplexities: its process exited with code 1" in str(caught.value)
