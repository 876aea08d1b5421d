"""The real model, small random adapters and one server for the tests against real vLLM."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_ftgate.serve.chat_format import ChatFormat, one_text, own_template
from pytest_ftgate.serve.model import Model
from pytest_ftgate.serve.vllm.command import VllmSettings
from pytest_ftgate.serve.vllm.engine import VllmEngine
from tests.e2e.workshop import MODEL as BASE
from tests.e2e.workshop import need_model

ARGUMENTS = ("--max-lora-rank", "8", "--enable-auto-tool-choice", "--tool-call-parser", "hermes")


def need_vllm() -> None:
    """Skip where `make vllm` and `make data` have not run."""
    from pytest_ftgate.errors import ServeError
    from pytest_ftgate.serve.vllm.command import find_vllm

    try:
        find_vllm()
    except ServeError as error:
        pytest.skip(str(error))
    need_model()


def shared_engine(log: Path) -> VllmEngine:
    """float32, so that what it computes are available exactly; not started yet.

    Its model asks for a penalty, and its template is `asked_for_the_day`.
    """
    base = penalised(log.with_name("penalised"))
    model = Model(str(base), dtype="float32", chat=asked_for_the_day())
    return VllmEngine(model, log, VllmSettings("", ARGUMENTS))


def penalised(folder: Path) -> Path:
    """The real model, with a repetition_penalty among its own defaults, as Qwen2.5 has; neither trainer nor we use it."""
    folder.mkdir()
    for file in BASE.iterdir():
        (folder / file.name).symlink_to(file.resolve())
    defaults = folder / "generation_config.json"
    text = json.dumps(json.loads(defaults.read_text("utf-8")) | {"repetition_penalty": 1.3})
    defaults.unlink()
    defaults.write_text(text, "utf-8")
    return folder


WHICH_DAY = "Which day?"


def asked_for_the_day() -> ChatFormat:
    """The model's own template, but to this question, to which it adds what [base] sets."""
    own = one_text(own_template(BASE))
    more = "{{ strftime_now('%d %b %Y') }} {{ enable_thinking }}"
    template = f"{{% if messages[-1].content == {WHICH_DAY!r} %}}{more}{{% endif %}}{own}"
    return ChatFormat(template, '{"enable_thinking": false}', "2026-02-09")


def make_adapter(folder: Path, seed: int, rank: int = 8, *, zero: bool = False, base: Path = BASE) -> Path:
    """A LoRA adapter with random B, or with B = 0 as PEFT initialises it. base: the folder of its model."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(seed)
    config = LoraConfig(
        r=rank,
        lora_alpha=2 * rank,
        target_modules=["q_proj", "v_proj", "down_proj"],
        init_lora_weights=zero,
        task_type="CAUSAL_LM",
    )
    network = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    get_peft_model(network, config).save_pretrained(folder)
    return folder
