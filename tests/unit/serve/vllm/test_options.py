"""Words of a `vllm serve` command line, and which of them may change answers."""

from __future__ import annotations

import pytest

from pytest_ftgate.serve.vllm.command import VllmSettings
from pytest_ftgate.serve.vllm.options import count, deciding, options_of, shortened, taken


def test_the_last_of_two_counts_however_it_is_written():
    given = ("--max_model_len=4096", "-tp", "2", "--no-enable-prefix-caching", "--tensor-parallel-size", "4", "-O3")
    assert options_of(given) == {
        "--max-model-len": ("4096",),
        "--enable-prefix-caching": ("no",),
        "--tensor-parallel-size": ("4",),
        "--optimization-level": ("3",),
    }


@pytest.mark.parametrize(
    ("value", "tokens"),
    [("4096", 4096), ("8k", 8000), ("8K", 8192), ("25.6k", 25_600), ("1M", 2**20), ("auto", 0), ("-1", 0), ("1.5K", 0)],
)
def test_a_number_is_read_as_vllm_reads_it(value, tokens):
    assert count(value) == tokens
    assert VllmSettings(arguments=("--max-model-len", value)).context == tokens


def test_a_negative_number_is_a_value():
    assert options_of(("--max-model-len", "-1")) == {"--max-model-len": ("-1",)}


@pytest.mark.parametrize(
    "words",
    [
        ("--quantization", "fp8"),
        ("--kv-cache-dtype=fp8",),
        ("--override-generation-config", '{"repetition_penalty": 1.1}'),
        ("--reasoning-parser", "qwen3"),
        ("--chat-template", "{{ messages }}"),
        ("--dtype", "half"),
        ("--speculative-config.model", "small"),
        ("--an-argument-of-tomorrow",),
    ],
)
def test_what_may_change_answers_counts(words):
    assert deciding(words)
    assert deciding((*words, "--max-num-seqs", "8")) == deciding(words)


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("-tp", "2"),
        ("--data_parallel_size", "4", "--api-server-count=1"),
        ("--gpu-memory-utilization", "0.9", "--max-model-len", "auto", "--max-num-seqs", "16"),
        ("--no-enable-prefix-caching", "--enforce-eager"),
        ("--hf-token", "a secret"),
    ],
)
def test_what_is_only_faster_or_smaller_does_not(words):
    assert deciding(words) == ""


def test_their_order_and_way_of_writing_do_not_count():
    assert deciding(("-q", "fp8", "--dtype=half")) == deciding(("--dtype", "half", "--quantization=fp8"))


def test_a_file_is_named_by_its_content_and_a_long_value_by_its_digest(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "chat.jinja").write_text("{{ messages }}")
    one, other = (deciding(("--chat-template", str(tmp_path / folder / "chat.jinja"))) for folder in ("a", "b"))
    assert one == other
    (tmp_path / "b" / "chat.jinja").write_text("{{ other }}")
    assert deciding(("--chat-template", str(tmp_path / "b" / "chat.jinja"))) != one
    assert len(deciding(("--chat-template", "{{ messages }}" * 50))) < 60


def test_each_that_is_ours_is_seen_however_it_is_written():
    assert taken(("--served_model_name=x", "--port", "1", "--model", "other")) == [
        "--model",
        "--port",
        "--served-model-name",
    ]
    assert taken(("--portable",)) == []


@pytest.mark.parametrize("word", ["--hos", "--api-ke=x", "--served-model", "--ssl_certfile", "--ssl-key"])
def test_an_abbreviation_of_ours_is_seen(word):
    assert taken((word, "x"))


def test_an_abbreviation_of_what_is_read_here_is_seen():
    assert shortened(("--max-model", "4096", "--max-lora-r=64", "--max-model-len", "8", "--max-logprobs", "5")) == [
        "--max-lora-r",
        "--max-model",
    ]


def test_a_folder_and_what_json_names_are_named_by_their_content(tmp_path):
    said = []
    for folder, text in (("a", "1"), ("b", "1"), ("c", "2")):
        draft = tmp_path / folder / "draft"
        draft.mkdir(parents=True)
        (draft / "config.json").write_text(text)
        said.append(deciding(("--hf-config-path", str(draft), "--speculative-config", f'{{"model": "{draft}"}}')))
    assert said[0] == said[1]
    assert len(set(said[2].split()) & set(said[0].split())) == 2, "the names of the options alone"
    assert str(tmp_path) not in said[0]
