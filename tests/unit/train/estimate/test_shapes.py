"""The sizes of a model, from its configuration on the meta device and from the headers of its files."""

from __future__ import annotations

import json

import pytest

from pytest_ftgate.train.estimate.shapes import Linear, shapes_in, shapes_of
from tests.unit.train.estimate.known import tiny_llama


def test_files_and_configuration_say_the_same(model_dir):
    from transformers import AutoConfig

    files, meta = shapes_in(model_dir), shapes_of(AutoConfig.from_pretrained(model_dir))
    assert files is not None
    assert set(files.linears) == set(meta.linears)
    assert files == type(files)(**{name: getattr(meta, name) for name in meta.__slots__} | {"linears": files.linears})


def test_the_weights_are_those_of_the_model(model, model_dir):
    found = shapes_in(model_dir)
    assert found is not None
    assert found.weights == sum(weight.numel() for weight in model.parameters())
    assert Linear("down_proj", 128, 64, 2) in found.linears
    assert found.cache == 2 * 2 * 2 * 16  # layers, keys and values, heads of 16


def test_layers_that_see_a_window_keep_no_more_than_it():
    from transformers import Gemma3TextConfig

    config = Gemma3TextConfig(
        hidden_size=64, intermediate_size=128, num_hidden_layers=6, num_attention_heads=4, num_key_value_heads=2,
        head_dim=16, vocab_size=100, sliding_window=32,
    )  # fmt: skip
    found = shapes_of(config)
    each = 2 * 2 * 16
    assert (found.cache, found.windowed, found.window) == (each, 5 * each, 32)
    assert found.cached(1000) == 1000 * each + 32 * 5 * each


def test_experts_are_in_memory_as_transformers_makes_them():
    from transformers import Qwen3MoeConfig

    config = Qwen3MoeConfig(
        hidden_size=64, intermediate_size=128, moe_intermediate_size=32, num_hidden_layers=2, num_experts=8,
        num_experts_per_tok=2, num_attention_heads=4, num_key_value_heads=2, vocab_size=100,
    )  # fmt: skip
    found = shapes_of(config)
    assert found.others > 2 * 8 * 3 * 64 * 32, "experts are one tensor each layer, which NF4 leaves alone"
    assert found.widest == 64


def test_a_large_model_takes_no_memory():
    found = shapes_of(tiny_llama(hidden=8192, intermediate=28672, layers=80, heads=64, kv_heads=8, vocabulary=128256))
    assert found.weights == pytest.approx(70.6e9, rel=0.01)


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"config.json": b"{}"},
        {"config.json": b"{}", "model.safetensors": b"weights"},
        {"config.json": b"{}", "model.safetensors": (2).to_bytes(8, "little") + b"{}"},
        {"config.json": b"no json"},
    ],
    ids=["nothing", "no weights", "no safetensors", "no tensors", "no JSON"],
)
def test_what_says_nothing_is_unknown(tmp_path, files):
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    assert shapes_in(tmp_path) is None


def test_packed_weights_are_not_counted_by_their_bytes(tmp_path):
    header = json.dumps({"model.layers.0.mlp.up_proj.weight": {"dtype": "U8", "shape": [8, 1], "data_offsets": [0, 8]}})
    (tmp_path / "config.json").write_text('{"hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 1}')
    (tmp_path / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header.encode() + bytes(8))
    assert shapes_in(tmp_path) is None
