"""Tiny models, tied and not, and adapters of every kind on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.serve.conftest import make_model


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Faster for models so small; and a forked child has no other threads to wait for."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tied_dir(tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "tied"
    model = make_model(len(tokenizer))
    model.config.tie_word_embeddings = True
    model.all_tied_weights_keys = {"lm_head.weight": "model.embed_tokens.weight"}
    model.tie_weights()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def adapter_on(tmp_path: Path) -> Callable[..., Path]:
    """`adapter_on(base, target_modules=[...], ...)`: an adapter that changes the answers; other names are PEFT's."""

    def make(base: Path, **config: Any) -> Path:
        import torch
        from peft import LoraConfig, get_peft_model
        from transformers import AutoModelForCausalLM

        torch.manual_seed(1)
        model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
        settings = {"r": 4, "lora_alpha": 4, "init_lora_weights": False, "task_type": "CAUSAL_LM"} | config
        tuned = get_peft_model(model, LoraConfig(**settings))
        for name, weight in tuned.named_parameters():
            if "modules_to_save" in name:
                weight.data += 0.05 * torch.randn_like(weight)
        folder = tmp_path / "adapter"
        tuned.save_pretrained(folder)
        return folder

    return make
