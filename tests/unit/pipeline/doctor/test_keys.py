"""What [base] and [serve] say, looked up in the base model's folder before anything is paid for."""

from __future__ import annotations

import json
from pathlib import Path

from pytest_ftgate.pipeline.doctor.examine import QUICK
from pytest_ftgate.pipeline.doctor.finding import Level
from pytest_ftgate.pipeline.doctor.keys import template
from pytest_ftgate.serve.device import Device


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
