"""int8 and fp8 as compressed-tensors has them: read back by transformers, and what is refused."""

from __future__ import annotations

import json
import shutil

import pytest

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.forms.data_free import linear_layers
from pytest_ftgate.serve.forms.form import Form
from pytest_ftgate.serve.forms.write_form import write_form
from pytest_ftgate.serve.model import Model


@pytest.mark.parametrize(("kind", "limit"), [("int8", 1 / 254), ("fp8", 1 / 16)])
def test_weights_are_what_they_were_within_a_step_and_the_head_is_untouched(kind, limit, model_dir, tmp_path):
    import torch
    from safetensors.torch import load_file

    model = Model(str(model_dir), dtype="float32")
    folder = write_form(model, Form(kind), tmp_path / "out", lambda _: None).folder
    before, after = (load_file(place / "model.safetensors") for place in (model_dir, folder))
    name = "model.layers.0.self_attn.q_proj"
    assert after[f"{name}.weight"].dtype == (torch.int8 if kind == "int8" else torch.float8_e4m3fn)
    scale = after[f"{name}.weight_scale"]
    assert scale.shape == (64, 1)
    back, source = after[f"{name}.weight"].float() * scale, before[f"{name}.weight"]
    assert float((back - source).abs().max() / source.abs().max()) <= limit * 1.01
    assert torch.equal(after["lm_head.weight"], before["lm_head.weight"])
    config = json.loads((folder / "config.json").read_text())["quantization_config"]
    assert (config["quant_method"], config["ignore"]) == ("compressed-tensors", ["lm_head"])
    assert config["config_groups"]["group_0"]["input_activations"]["dynamic"] is True


def test_experts_that_are_no_plain_layers_are_refused(tmp_path, tokenizer):
    from transformers import MixtralConfig

    MixtralConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        num_local_experts=2,
        architectures=["MixtralForCausalLM"],
    ).save_pretrained(tmp_path)
    with pytest.raises(ServeError, match=r"are not plain linear ones under these names(.|\n)*export it as awq or gptq"):
        linear_layers(tmp_path)


def test_the_same_model_gives_the_same_digest(model_dir, adapter_dir, tmp_path):
    model = Model(str(model_dir), dtype="bfloat16", adapter=adapter_dir)
    one, two = (write_form(model, Form("int8"), tmp_path / name, lambda _: None).folder for name in ("one", "two"))
    assert (one / "model.safetensors").read_bytes() == (two / "model.safetensors").read_bytes()
    shutil.rmtree(two)
