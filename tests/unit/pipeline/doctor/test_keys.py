"""What [base] and [serve] say, looked up in the base model's folder before anything is paid for."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from pytest_ftgate.pipeline.doctor.examine import QUICK
from pytest_ftgate.pipeline.doctor.finding import Level
from pytest_ftgate.pipeline.doctor.keys import first_weights, template
from pytest_ftgate.serve.device import Device
from pytest_ftgate.train.tuning import Lora


def test_a_base_model_without_a_chat_template_is_an_error_before_the_run(patient):
    one = patient(Device("cpu", "a CPU"))
    folder = Path(one.pipeline.base.model)
    (folder / "tokenizer_config.json").write_text("{}")
    [found] = template(one)
    assert (found.level, found.fix.endswith("instruct model")) == (Level.ERROR, True)
    assert "has no chat template" in found.text
    assert '[base] chat_template = "chatml"' in found.fix
    assert "pipeline.toml:" in found.text, "with its line"
    assert template in QUICK
    assert list(template(patient(Device("cpu", "a CPU"), base={"chat_template": "chatml"}))) == []
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": "{{ messages }}"}))
    assert list(template(one)) == []


def test_a_rank_that_eva_cannot_find_is_an_error_before_the_run(patient):
    """Of an 8B model the attention has 4,096 inputs, the last layer of the MLP 14,336."""
    cpu = Device("cpu", "a CPU")
    lora = Lora(init="eva", r=5000)
    one = patient(cpu)
    found = list(first_weights(replace(one, pipeline=replace(one.pipeline, lora=lora))))
    assert {each.level for each in found} == {Level.ERROR}
    assert not [each.text for each in found if "down_proj" in each.text]
    assert any("q_proj has 4096 inputs, and rank 5000" in each.text for each in found)
    assert all("set lora.r to 4096 or less" in each.fix for each in found)
    for fine in (replace(lora, r=4096), replace(lora, init="pissa"), replace(lora, target_modules=("down_proj",))):
        assert list(first_weights(replace(one, pipeline=replace(one.pipeline, lora=fine)))) == []
    of_one = replace(lora, r=8, extra={"rank_pattern": {"self_attn.q_proj": 9000}})
    [named] = first_weights(replace(one, pipeline=replace(one.pipeline, lora=of_one)))
    assert "lora.extra.rank_pattern.self_attn.q_proj to 4096" in named.fix
    assert first_weights in QUICK
