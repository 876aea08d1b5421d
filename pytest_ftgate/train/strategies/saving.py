"""Trainer -> folder of what it has trained, under every strategy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pytest_ftgate.train import initial_weights
from pytest_ftgate.train.job import TrainJob


def save_trained(trainer: Any, tokenizer: Any, job: TrainJob, out_dir: Path, folder: Path) -> None:
    """Write the adapter, or the whole model of method "full". All processes must call it; the first one writes.

    Under FSDP and ZeRO-3 each process holds a part of every weight, and all of them together gather it.
    """
    weights = _gathered(trainer)
    if not trainer.is_world_process_zero():
        return
    model = trainer.accelerator.unwrap_model(trainer.model)
    if hasattr(model, "peft_config"):
        initial_weights.save(model, job, out_dir, folder, weights)
        (folder / "README.md").unlink(missing_ok=True)
    else:
        model.save_pretrained(folder, state_dict=weights)
        tokenizer.save_pretrained(folder)


def _gathered(trainer: Any) -> dict[str, Any] | None:
    """The trained weights by name, on the CPU, of the first process; None where it holds them whole anyway."""
    if getattr(trainer.accelerator, "is_fsdp2", False):
        return _whole(trainer, lambda weight: weight.full_tensor() if hasattr(weight, "full_tensor") else weight)
    if trainer.is_fsdp_enabled:  # FSDP1, by train.accelerate_config: several weights in one
        gathered: dict[str, Any] = trainer.accelerator.get_state_dict(trainer.model)
        return gathered
    if trainer.is_deepspeed_enabled and trainer.accelerator.state.deepspeed_plugin.zero_stage == 3:
        return _whole(trainer, _whole_of_zero)
    return None


def _whole(trainer: Any, gather: Any) -> dict[str, Any]:
    """One weight after the other, so that no GPU ever holds them all."""
    kept = {}
    for name, weight in trainer.model.named_parameters():
        if weight.requires_grad:
            whole = gather(weight)
            if trainer.is_world_process_zero():
                kept[name] = whole.detach().cpu().clone()
    return kept


def _whole_of_zero(weight: Any) -> Any:
    import deepspeed

    with deepspeed.zero.GatheredParameters([weight]):
        return weight.detach().clone()
