"""(base, adapter) -> one model without an adapter. Merged in float32, stored in the precision that it was gated in.

What is stored is read back and compared with base + adapter, logit by logit, before it gets its name.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.adapter import CONFIG, adapter_config
from pytest_ftgate.serve.forms.logits import check_close, logits_of
from pytest_ftgate.serve.forms.quiet import quiet
from pytest_ftgate.serve.forms.text_files import copy_text_files
from pytest_ftgate.serve.forms.tied import tie_if_equal, untie
from pytest_ftgate.serve.hf.tokenizer import load_tokenizer
from pytest_ftgate.serve.hf.weights import load_weights
from pytest_ftgate.serve.hub import folder_of
from pytest_ftgate.serve.model import Model

UNMERGEABLE = {
    "alora_invocation_tokens": "activated LoRA acts from certain tokens on",
    "layer_replication": "its layers are repeated",
    "arrow_config": "Arrow chooses among adapters at each token",
}
"""Keys of adapter_config.json that make an adapter more than other weights."""


def merge(model: Model, dest: Path, say: Callable[[str], None]) -> tuple[str, ...]:
    """Write the merged model into the folder `dest`, which is there and empty; what was checked.

    A model without an adapter is written as it is. Raises ServeError: an adapter that cannot be merged, a base that is
    not here, logits further from those of base + adapter than `logits.TOLERANCE`.
    """
    base = folder_of(model)
    if base is None:
        raise ServeError(f"{model.base}: the base model is not on this machine\n    pass its folder: --base DIR")
    if model.adapter:
        _check_mergeable(model.adapter)
    with quiet():
        checks = _write_merged(model, base, dest, say)
    if model.quantization:
        checks = (*checks, _not_as_gated(model))
        say(checks[-1])
    return checks


def _write_merged(model: Model, base: Path, dest: Path, say: Callable[[str], None]) -> tuple[str, ...]:
    tokenizer = load_tokenizer(str(base), None)
    say(f"merging in float32: {model.base}")
    whole = load_weights(str(base), None, torch.float32).eval()
    _check_unquantised(whole, base)
    merged, expected = _merged(whole, model.adapter, tokenizer)
    first = check_close("merged in float32", expected, logits_of(merged, tokenizer), "float32")
    say(first)
    merged.to(getattr(torch, model.dtype)).save_pretrained(dest)
    del whole, merged
    copy_text_files(base, model.chat, dest)
    stored = load_weights(str(dest), None, torch.float32).eval()
    second = check_close(f"stored in {model.dtype}", expected, logits_of(stored, tokenizer), model.dtype)
    say(second)
    return first, second


def _merged(whole: Any, adapter: Path | None, tokenizer: Any) -> tuple[Any, torch.Tensor]:
    """The merged model, and the logits of base + adapter before."""
    if adapter is None:
        return whole, logits_of(whole, tokenizer)
    from peft import PeftModel

    tuned = PeftModel.from_pretrained(whole, str(adapter)).eval()
    expected = logits_of(tuned, tokenizer)
    was_tied = untie(tuned.get_base_model())
    try:
        merged = tuned.merge_and_unload(safe_merge=True)
    except ValueError as error:
        raise ServeError(f"{adapter}: PEFT cannot merge this adapter: {error}") from None
    if was_tied:
        tie_if_equal(merged)
    return merged, expected


def _check_mergeable(adapter: Path) -> None:
    config = adapter_config(adapter)
    if (kind := config.get("peft_type")) != "LORA":
        raise ServeError(f"{adapter / CONFIG}: peft_type is {kind!r}; only adapters of LoRA are merged")
    for key, why in UNMERGEABLE.items():
        if config.get(key):
            raise ServeError(
                f"{adapter / CONFIG}: {key} is set: {why}, so no merged weights answer alike\n"
                "    serve it as an adapter, or train one without it"
            )


def _check_unquantised(whole: Any, base: Path) -> None:
    if getattr(whole.config, "quantization_config", None) is not None:
        raise ServeError(
            f"{base}: its own weights are quantised; an adapter is merged onto the unquantised base only\n"
            "    pass the folder of that model: --base DIR"
        )


def _not_as_gated(model: Model) -> str:
    return (
        f"gated on a base quantised by {model.quantization}, merged onto the unquantised one: "
        "answers differ from those of its parent, and only its own gate says by how much"
    )
