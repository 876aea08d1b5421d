"""What the trainers of all methods share: checkpoints that are whole or not there, and no model card."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from transformers import Trainer

from pytest_ftgate.train import checkpoints


class Stopwatch:
    """Seconds of training; `pause` while something else than training goes on."""

    def __init__(self, seconds: float = 0.0) -> None:
        self._before, self._since = seconds, time.monotonic()
        self._running = True

    @property
    def seconds(self) -> float:
        """So far, what a resumed run had already spent included."""
        return self._before + (time.monotonic() - self._since if self._running else 0.0)

    def pause(self) -> None:
        """Stop counting."""
        self._before, self._running = self.seconds, False

    def go_on(self) -> None:
        """Count again."""
        self._since, self._running = time.monotonic(), True


class Resuming:
    """Stands before a trainer of TRL. `watch` counts the seconds that each checkpoint records.

    save_s: seconds that the last checkpoint took.
    like_validation: whether the training loss is the quantity that the validation loss is, so that they compare.
    can_rehearse: whether a step on the longest rows tells what memory the others take.
    """

    args: Any
    state: Any
    model: Any
    accelerator: Any
    watch: Stopwatch
    save_s = 0.0
    like_validation = True
    can_rehearse = True

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        begin, folder = time.monotonic(), Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
        if self.args.should_save:
            checkpoints.unmark(folder)
        Trainer._save_checkpoint(self, model, trial)  # TRL's write a model card beside it
        self.accelerator.wait_for_everyone()
        if self.args.should_save:
            checkpoints.mark_whole(folder, self.watch.seconds)
        self.save_s = time.monotonic() - begin

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        """Into the weights that are there: PEFT's own loading would turn a bfloat16 adapter into float32."""
        weights = Path(resume_from_checkpoint) / "adapter_model.safetensors"
        if not weights.is_file():
            Trainer._load_from_checkpoint(self, resume_from_checkpoint, model)
            return
        from peft import set_peft_model_state_dict
        from safetensors.torch import load_file

        set_peft_model_state_dict(self.accelerator.unwrap_model(self.model), load_file(weights))
