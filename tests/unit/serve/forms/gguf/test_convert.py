"""A tiny model's GGUF, read by a real llama.cpp server: its tokens, its logits; and what the file holds."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.client import control_http as http
from pytest_ftgate.serve.engine import Asked
from pytest_ftgate.serve.forms.form import Form
from pytest_ftgate.serve.forms.gguf.convert import to_gguf
from pytest_ftgate.serve.forms.program import run_program
from pytest_ftgate.serve.forms.write_form import Tools, write_form
from pytest_ftgate.serve.llamacpp.engine import LlamaCppEngine
from pytest_ftgate.serve.model import Model


def silent(line: str) -> None:
    pass


def written(folder: Path, dest: Path, detail: str = "F16", converter: str = "") -> Path:
    dest.mkdir()
    to_gguf(folder, Form("gguf", detail), dest, silent, converter)
    return dest / "model.gguf"


def with_config(folder: Path, dest: Path, **fields: Any) -> Path:
    shutil.copytree(folder, dest)
    config = json.loads((dest / "config.json").read_text()) | fields
    (dest / "config.json").write_text(json.dumps(config))
    return dest


@pytest.fixture(scope="module")
def served(model_dir, adapter_dir, tmp_path_factory):
    """The whole way: base and adapter -> GGUF -> llama.cpp's server; its endpoint, and the merged model."""
    place = tmp_path_factory.mktemp("forms")
    model = Model(str(model_dir), dtype="float32", adapter=adapter_dir)
    merged = write_form(model, Form("merged"), place / "merged", silent).folder
    folder = write_form(model, Form("gguf", "F16"), place / "f16", silent).folder
    engine = LlamaCppEngine(Model(str(folder)), place / "llamacpp.log")
    engine.expect(engine.model, [Asked("tiny", [{"role": "user", "content": "hello  spam 12"}], (), 8)])
    engine.start(lambda _: None)
    yield engine.endpoint(engine.model), merged
    engine.stop()


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(st.characters(blacklist_categories=("Cs", "Cn", "Cc"), whitelist_characters="\n\t"), max_size=40))
def test_llama_cpp_cuts_every_text_into_the_tokens_of_the_tokenizer(served, tokenizer, text):
    line, _ = served
    url = line.base_url.removesuffix("/v1") + "/tokenize"
    body = {"content": text, "add_special": True, "parse_special": True}
    assert http.post(url, body, line.api_key, 30.0)[1]["tokens"] == tokenizer(text)["input_ids"]


def test_the_next_token_is_as_likely_as_for_transformers(served, tokenizer):
    import torch
    from transformers import AutoModelForCausalLM

    line, merged = served
    messages = [{"role": "user", "content": "hello spam, the message"}]
    body = {"model": line.model, "messages": messages, "max_tokens": 1, "temperature": 0, "logprobs": True}
    said = http.post(f"{line.base_url}/chat/completions", body | {"top_logprobs": 5}, line.api_key, 60.0)[1]
    ids = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=True, return_tensors="pt")
    model = AutoModelForCausalLM.from_pretrained(merged, dtype=torch.float32)
    with torch.no_grad():
        ours = model(ids["input_ids"]).logits[0, -1].log_softmax(-1)
    theirs = said["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
    assert [each["logprob"] for each in theirs] == pytest.approx([float(ours[each["id"]]) for each in theirs], abs=0.03)


def test_the_same_model_gives_the_same_file(model_dir, tmp_path):
    one, two = (written(model_dir, tmp_path / name, "Q8_0").read_bytes() for name in ("one", "two"))
    assert one == two
    assert str(tmp_path).encode() not in one


def test_q8_0_is_what_gguf_quantises_and_norms_stay_as_they_are(model_dir, tmp_path):
    from gguf import GGUFReader
    from gguf.quants import dequantize
    from safetensors.numpy import load_file

    tensors = {each.name: each for each in GGUFReader(written(model_dir, tmp_path / "out", "Q8_0")).tensors}
    weights = load_file(model_dir / "model.safetensors")
    down, norm = tensors["blk.1.ffn_down.weight"], tensors["blk.1.ffn_norm.weight"]
    assert (down.tensor_type.name, norm.tensor_type.name) == ("Q8_0", "F32")
    source = weights["model.layers.1.mlp.down_proj.weight"]
    assert abs(dequantize(down.data, down.tensor_type) - source).max() <= abs(source).max() / 254 * 1.01
    assert (norm.data == weights["model.layers.1.post_attention_layernorm.weight"]).all()
    assert "output.weight" in tensors


def test_k_types_are_made_by_ggml_and_read_back_by_gguf():
    import numpy as np
    from gguf import GGMLQuantizationType
    from gguf.quants import dequantize

    from pytest_ftgate.serve.forms.gguf.values import quantised

    values = np.random.default_rng(0).normal(size=(3, 512)).astype(np.float32)
    for name, limit in (("Q4_K", 0.3), ("Q6_K", 0.1)):
        kind = GGMLQuantizationType[name]
        packed = quantised(values, kind)
        assert abs(dequantize(packed, kind) - values).max() < limit
        assert (packed == quantised(values, kind)).all()


def test_the_scaling_of_llama_3_is_what_transformers_computes(model_dir, tmp_path):
    import torch
    from gguf import GGUFReader
    from transformers import LlamaConfig
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    rope = {
        "rope_type": "llama3",
        "rope_theta": 10_000.0,
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64,
    }
    folder = with_config(model_dir, tmp_path / "llama3", rope_parameters=rope)
    tensors = {each.name: each for each in GGUFReader(written(folder, tmp_path / "out")).tensors}
    expected, _ = ROPE_INIT_FUNCTIONS["llama3"](LlamaConfig.from_pretrained(folder), "cpu")
    size = 16
    plain = 1.0 / 10_000.0 ** (torch.arange(0, size, 2) / size)
    assert (plain / torch.tensor(tensors["rope_freqs.weight"].data)).tolist() == pytest.approx(expected.tolist())


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"architectures": ["GemmaForCausalLM"]}, "GemmaForCausalLM is not written as GGUF here"),
        ({"rope_parameters": {"rope_type": "yarn", "rope_theta": 1e4}}, "rope_type is 'yarn'"),
        ({"hidden_act": "gelu"}, "hidden_act is 'gelu'"),
        ({"sliding_window": 64}, "attention sees 64 of 512 positions"),
    ],
)
def test_what_the_writer_does_not_know_is_refused_with_another_way(fields, said, model_dir, tmp_path):
    folder = with_config(model_dir, tmp_path / "other", **fields)
    with pytest.raises(ServeError, match=rf"config.json: {said}(.|\n)*--converter"):
        written(folder, tmp_path / "out")


def converter_of(tmp_path: Path, body: str) -> str:
    """A program that stands for another's converter."""
    script = tmp_path / "convert.sh"
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(0o755)
    return str(script)


def test_another_converter_writes_the_file_and_its_type_is_the_forms(model_dir, tmp_path):
    file = written(model_dir, tmp_path / "ours")
    converter = converter_of(tmp_path, f'test -f "$1/config.json" && cp {file} "$2"')
    assert written(model_dir, tmp_path / "out", converter=converter).read_bytes() == file.read_bytes()
    with pytest.raises(ServeError, match=r"model.gguf holds F16, expected Q8_0\n    have the command write that type"):
        written(model_dir, tmp_path / "other", "Q8_0", converter)


def test_a_folder_by_another_converter_is_not_taken_for_ours(model_dir, tmp_path):
    model, form, dest = Model(str(model_dir), dtype="float32"), Form("gguf", "F16"), tmp_path / "out"
    write_form(model, form, dest, silent)
    tools = Tools(converter=converter_of(tmp_path, "exit 1"))
    with pytest.raises(ServeError, match=r"not overwritten(.|\n)*another --converter makes another form"):
        write_form(model, form, dest, silent, tools)


def test_a_converter_ends_with_the_export_that_was_killed(tmp_path):
    """What it started too: it would write into what the next export makes."""
    pid_file = tmp_path / "pid"
    body = f"sleep 600 & echo $! > {pid_file}.new; mv {pid_file}.new {pid_file}; wait"
    command = [converter_of(tmp_path, body)]
    child = multiprocessing.get_context("fork").Process(target=run_program, args=("--converter", command))
    child.start()
    wait_until(pid_file.exists)
    pid = int(pid_file.read_text())
    os.kill(child.pid or 0, signal.SIGKILL)
    child.join()
    wait_until(lambda: not Path(f"/proc/{pid}").exists() or ") Z " in Path(f"/proc/{pid}/stat").read_text())


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("#!/bin/sh\necho no such layer >&2; exit 3\n", r"ended with 3\n    no such layer"),
        ("#!/bin/sh\n", "wrote no model.gguf"),
        ('#!/bin/sh\necho hello > "$2"\n', "is no GGUF"),
        ('#!/bin/sh\nprintf GGUFwhatever > "$2"\n', "is no GGUF"),
    ],
)
def test_a_converter_that_fails_is_quoted(text, said, model_dir, tmp_path):
    script = tmp_path / "convert.sh"
    script.write_text(text)
    script.chmod(0o755)
    with pytest.raises(ServeError, match=said):
        written(model_dir, tmp_path / "out", converter=str(script))


def test_weights_in_several_files_give_the_same_file(model_dir, tmp_path):
    from transformers import AutoModelForCausalLM

    shards = tmp_path / "shards"
    shutil.copytree(model_dir, shards)
    (shards / "model.safetensors").unlink()
    AutoModelForCausalLM.from_pretrained(model_dir, dtype="auto").save_pretrained(shards, max_shard_size="200KB")
    assert len(list(shards.glob("*.safetensors"))) > 1
    one, two = (written(folder, tmp_path / f"out-{folder.name}") for folder in (model_dir, shards))
    assert one.read_bytes() == two.read_bytes()
