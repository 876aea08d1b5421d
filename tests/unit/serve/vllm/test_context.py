"""The context of a server of our own: as long as what it will be asked, and no longer."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.chat_format import ChatFormat
from pytest_ftgate.serve.client.sync import Client
from pytest_ftgate.serve.engine import Asked
from pytest_ftgate.serve.hf.generate import prompt_tokens
from pytest_ftgate.serve.model import Model
from pytest_ftgate.serve.servers.engine_identity import identity
from pytest_ftgate.serve.vllm.command import CPU_CACHE_BYTES
from pytest_ftgate.serve.vllm.context import Longest, longest, own_context, rounded
from tests.unit.serve.vllm.adapters import record, silent

LONGROPE = {"rope_scaling": {"type": "longrope", "long_factor": [4.0], "short_factor": [1.0]}}
TOOL = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}


def asked(words: int, answer: int = 16, case: str = "spam::a1") -> Asked:
    return Asked(case, [{"role": "user", "content": "hello " * words}], (), answer)


@pytest.fixture(scope="module")
def roomy(model_dir, tmp_path_factory):
    """The tiny model with room for 32,768 tokens."""
    folder = tmp_path_factory.mktemp("roomy")
    for file in model_dir.iterdir():
        if file.name != "config.json":
            (folder / file.name).symlink_to(file)
    config = json.loads((model_dir / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"max_position_embeddings": 32_768}))
    return Model(str(folder), dtype="float32")


def line_of(tmp_path) -> str:
    return " ".join(record(tmp_path)["argv"])


def test_the_longest_is_counted_in_the_models_own_tokens(roomy, tokenizer):
    asks = [asked(3), asked(40, case="spam::long"), asked(5, answer=20)]
    found = longest(roomy, iter(asks))
    assert found.case == "spam::long"
    assert found.prompt == len(prompt_tokens(tokenizer, asks[1].messages))
    assert found.tokens == found.prompt + 16


def test_a_long_answer_counts_as_much_as_a_long_prompt(roomy):
    assert longest(roomy, [asked(40), asked(1, answer=500, case="spam::essay")]).case == "spam::essay"


def test_without_a_tokenizer_nothing_is_known(tmp_path):
    assert longest(Model(str(tmp_path)), [asked(9)]) == Longest()
    assert longest(Model("org/name-that-is-nowhere"), [asked(9)]) == Longest()
    assert own_context(Model("org/name-that-is-nowhere")) == 0


@pytest.mark.parametrize(
    ("config", "tokens"),
    [
        ({"n_positions": 1024}, 1024),
        ({"seq_length": 8192}, 8192),
        ({"max_seq_len": 2048}, 2048),
        ({"text_config": {"max_position_embeddings": 4096}}, 4096),
        ({"max_position_embeddings": 4096, "seq_length": 2048}, 2048),
        ({"max_position_embeddings": 4096, "rope_scaling": {"type": "dynamic", "factor": 4.0}}, 16_384),
        ({"text_config": {"max_seq_len": 4096, "rope_parameters": {"rope_type": "linear", "factor": 2}}}, 8192),
        ({"max_position_embeddings": 32_768, "rope_scaling": {"rope_type": "yarn", "factor": 4.0}}, 32_768),
        ({"max_position_embeddings": 131_072, "rope_parameters": {"rope_type": "llama3", "factor": 8.0}}, 131_072),
        (
            {"model_type": "gemma3_text", "max_position_embeddings": 131_072}
            | {
                "rope_parameters": {"full": {"rope_type": "linear", "factor": 8.0}, "sliding": {"rope_type": "default"}}
            },
            131_072,
        ),
        ({"max_position_embeddings": 131_072, "original_max_position_embeddings": 4096} | LONGROPE, 4096),
        ({}, 0),
    ],
)
def test_the_models_own_context_is_found_under_each_familys_name(tmp_path, config, tokens):
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert own_context(Model(str(tmp_path))) == tokens


@pytest.mark.parametrize("fault", ["raise_exception('no')", "1 + messages[0].content"], ids=["refused", "added up"])
def test_a_template_that_fails_is_left_for_the_server_to_tell(roomy, fault):
    chat = ChatFormat("{{ " + fault + " }}")
    assert longest(replace(roomy, chat=chat), [asked(9)]).prompt == 0


@pytest.mark.parametrize(("tokens", "context"), [(0, 2048), (2048, 2048), (2049, 2304), (5000, 5120)])
def test_the_context_is_rounded_up(tokens, context):
    assert rounded(tokens) == context


def test_it_is_started_for_the_longest_case_it_was_told_of(make, tmp_path, roomy):
    engine = make(model=roomy)
    engine.expect(roomy, [asked(3)])
    engine.expect(roomy, [asked(3000)])
    engine.expect(roomy, [asked(30)])
    engine.start(silent)
    need = longest(roomy, [asked(3000)]).tokens
    line = line_of(tmp_path)
    assert f"--max-model-len {rounded(need)} " in line
    assert rounded(need) - need < 256
    assert f"--kv-cache-memory-bytes {2 * CPU_CACHE_BYTES}" in line, "a longer context has more cache"


def test_a_longer_case_starts_it_again(make, tmp_path, roomy):
    engine = make(model=roomy)
    engine.start(silent)
    before = engine.pid
    assert "--max-model-len 2048 " in line_of(tmp_path)
    engine.expect(roomy, [asked(100)])
    assert engine.endpoint(roomy)
    assert engine.pid == before
    engine.expect(roomy, [asked(3000)])
    assert Client(engine.endpoint(roomy)).text("hello") == "hello"
    assert engine.pid != before
    assert "--max-model-len 2048 " not in line_of(tmp_path)


def test_where_nothing_is_known_a_gpu_gets_what_fits(make, roomy, tmp_path):
    site = tmp_path / "lib" / "python3.11" / "site-packages"
    (site / "vllm-0.32.0.dist-info").mkdir(parents=True)
    engine = make(model=roomy)
    assert "--max-model-len auto " in " ".join(engine.command())
    engine.expect(roomy, [asked(3)])
    assert "--max-model-len 2048 " in " ".join(engine.command())


@pytest.mark.parametrize(
    ("arguments", "context", "reason", "way_out"),
    [
        ((), 0, "the server takes 512, the most that the model itself reads", "use a model with a longer context"),
        ((), 9000, "the server takes 512, the most that the model itself reads", "use a model with a longer context"),
        ((), 300, "the server takes 300, as [serve] context says", "raise [serve] context"),
        (("--max-model-len=200",), 300, "the server takes 200, as --max-model-len says", "raise --max-model-len"),
    ],
    ids=["model", "pipeline beyond the model", "pipeline", "argument"],
)
def test_a_case_that_is_too_long_is_named_before_anything_is_asked(
    make, model_dir, arguments, context, reason, way_out
):
    model = Model(str(model_dir), dtype="float32", context=context)
    engine = make({}, *arguments, model=model)
    engine.expect(model, [asked(20)])
    with pytest.raises(ServeError) as caught:
        engine.expect(model, [asked(600, case="spam::long")])
    first, second = str(caught.value).splitlines()
    need = longest(model, [asked(600)])
    assert first == f"spam::long needs {need.tokens} tokens: {need.prompt} of the prompt and max_tokens 16; {reason}"
    assert second == f"    shorten the case, lower [request] max_tokens, or {way_out}"


def test_a_context_beyond_the_model_is_started_with_the_models_own(make, roomy):
    large, fine = (make(model=replace(roomy, context=context)) for context in (1_000_000, 4096))
    assert "--max-model-len 32768 " in " ".join(large.command())
    assert "--max-model-len 4096 " in " ".join(fine.command())


def test_the_digest_does_not_count_the_context(roomy):
    assert replace(roomy, context=4096, arguments=("-tp", "2")).digest == roomy.digest


@pytest.fixture(scope="module")
def phi(roomy, tmp_path_factory):
    """A model with LongRoPE, whose long factors begin beyond 4,096 tokens."""
    folder = tmp_path_factory.mktemp("phi")
    for file in Path(roomy.base).iterdir():
        if file.name != "config.json":
            (folder / file.name).symlink_to(file)
    config = json.loads(Path(roomy.base, "config.json").read_text()) | LONGROPE
    (folder / "config.json").write_text(json.dumps(config | {"original_max_position_embeddings": 4096}))
    return Model(str(folder), dtype="float32")


def test_long_factors_are_taken_only_where_they_are_asked_for_and_count_in_the_digest(phi, make, tmp_path):
    """vLLM reads short texts by them too: a longer golden case must not change the answers to the others."""
    engine = make(model=phi)
    with pytest.raises(ServeError, match=r"short factors of its LongRoPE\n.*set \[serve\] context"):
        engine.expect(phi, [asked(5000)])
    identities = {identity("vllm", "", words, phi) for words in ((), ("--max-model-len", "4096"))}
    assert len(identities) == 1
    [short] = identities
    assert identity("vllm", "", ("--max-model-len", "8k"), phi) == f"{short} long-rope>4096"
    longer = replace(phi, context=16_384)
    assert identity("vllm", "", (), longer) == f"{short} long-rope>4096"
    engine = make(model=longer)
    engine.expect(longer, [asked(5000)])
    assert "--max-model-len 16384 " in " ".join(engine.command())
