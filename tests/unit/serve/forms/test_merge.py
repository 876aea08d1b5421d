from __future__ import annotations

import json
import shutil

import pytest

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.chat_format import ChatFormat, one_text, own_template
from pytest_ftgate.serve.forms.form import Form
from pytest_ftgate.serve.forms.text_files import copy_text_files
from pytest_ftgate.serve.forms.write_form import write_form
from pytest_ftgate.serve.model import Model

MERGED = Form("merged")


def silent(line):
    pass


def logits(folder, adapter=None):
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    if adapter:
        from peft import PeftModel

        model = PeftModel.from_pretrained(model, adapter)
    with torch.inference_mode():
        return model.eval()(input_ids=torch.arange(3, 60)[None]).logits


KINDS = {
    "plain": {"target_modules": ["q_proj", "down_proj"]},
    "rslora and patterns": {
        "target_modules": "all-linear",
        "use_rslora": True,
        "rank_pattern": {"q_proj": 2},
        "alpha_pattern": {"v_proj": 1},
    },
    "dora": {"target_modules": ["q_proj", "up_proj"], "use_dora": True},
    "embedding": {"target_modules": ["q_proj", "embed_tokens"]},
    "head": {"target_modules": ["q_proj", "lm_head"]},
    "whole head": {"target_modules": ["q_proj"], "modules_to_save": ["lm_head"]},
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("base", ["model_dir", "tied_dir"])
def test_a_merged_model_computes_what_base_and_adapter_compute(kind, base, adapter_on, tmp_path, request):
    base = request.getfixturevalue(base)
    adapter = adapter_on(base, **KINDS[kind])
    expected = logits(base, adapter)
    written = write_form(Model(str(base), dtype="float32", adapter=adapter), MERGED, tmp_path / "out", silent)
    found = logits(written.folder)
    assert float((found - expected).abs().max() / expected.std()) < 1e-4
    assert float((logits(base) - expected).abs().max() / expected.std()) > 1e-2, "an adapter that changes nothing"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("kind", "tied"), [("plain", True), ("embedding", False), ("head", False)])
def test_a_tied_model_stays_tied_if_neither_end_was_trained(kind, tied, tied_dir, adapter_on, tmp_path):
    from safetensors import safe_open

    model = Model(str(tied_dir), dtype="bfloat16", adapter=adapter_on(tied_dir, **KINDS[kind]))
    folder = write_form(model, MERGED, tmp_path / "out", silent).folder
    config = json.loads((folder / "config.json").read_text())
    with safe_open(folder / "model.safetensors", "pt") as file:
        names = set(file.keys())
    assert (config["tie_word_embeddings"], "lm_head.weight" in names) == (tied, not tied)
    assert config["dtype"] == "bfloat16"


def test_the_tokenizer_is_copied_byte_by_byte_and_the_template_is_the_one_of_the_pipeline(
    model_dir, adapter_dir, tmp_path
):
    chat = ChatFormat("{{ messages[0].content }} OURS")
    model = Model(str(model_dir), dtype="float32", adapter=adapter_dir, chat=chat)
    folder = write_form(model, MERGED, tmp_path / "out", silent).folder
    assert (folder / "tokenizer.json").read_bytes() == (model_dir / "tokenizer.json").read_bytes()
    assert (folder / "generation_config.json").read_bytes() == (model_dir / "generation_config.json").read_bytes()
    assert (folder / "chat_template.jinja").read_text() == chat.template
    assert "chat_template" not in json.loads((folder / "tokenizer_config.json").read_text())


def test_a_whole_model_is_written_as_it_is(model_dir, tmp_path):
    folder = write_form(Model(str(model_dir), dtype="float32"), MERGED, tmp_path / "out", silent).folder
    assert (folder / "model.safetensors").read_bytes() == (model_dir / "model.safetensors").read_bytes()


def test_of_a_quantised_base_it_says_that_answers_differ(model_dir, adapter_dir, tmp_path):
    model = Model(str(model_dir), dtype="float32", quantization="bitsandbytes", adapter=adapter_dir)
    written = write_form(model, MERGED, tmp_path / "out", silent)
    assert "gated on a base quantised by bitsandbytes, merged onto the unquantised one" in written.checks[-1]


@pytest.mark.parametrize(
    ("change", "said"),
    [({"peft_type": "IA3"}, "only adapters of LoRA"), ({"layer_replication": [[0, 2]]}, "its layers are repeated")],
)
def test_what_cannot_be_merged_is_refused_before_anything_is_loaded(change, said, model_dir, adapter_dir, tmp_path):
    import shutil

    adapter = tmp_path / "adapter"
    shutil.copytree(adapter_dir, adapter)
    config = json.loads((adapter / "adapter_config.json").read_text()) | change
    (adapter / "adapter_config.json").write_text(json.dumps(config))
    with pytest.raises(ServeError, match=said):
        write_form(Model(str(model_dir), dtype="float32", adapter=adapter), MERGED, tmp_path / "out", silent)
    assert not (tmp_path / "out").exists()


def test_logits_that_are_too_far_apart_leave_nothing_behind(model_dir, adapter_dir, tmp_path, monkeypatch):
    from pytest_ftgate.serve.forms import logits as module

    monkeypatch.setitem(module.TOLERANCE, "bfloat16", 1e-9)
    with pytest.raises(ServeError, match=r"stored in bfloat16: logits differ .* not written"):
        write_form(Model(str(model_dir), dtype="bfloat16", adapter=adapter_dir), MERGED, tmp_path / "out", silent)
    assert not list(tmp_path.iterdir())


def test_several_templates_become_one_that_the_digest_stands_for(model_dir, adapter_on, tmp_path):
    base = tmp_path / "base"
    shutil.copytree(model_dir, base)
    (base / "additional_chat_templates").mkdir()
    (base / "additional_chat_templates/tool_use.jinja").write_text("{{ tools | length }}")
    (base / "chat_template.jinja").write_text("{{ messages[0].content }}")
    (tmp_path / "out").mkdir()
    copy_text_files(base, ChatFormat(), tmp_path / "out")
    assert not (tmp_path / "out/additional_chat_templates").exists()
    assert (tmp_path / "out/chat_template.jinja").read_text() == one_text(own_template(base))
