"""Trainer's events -> lines of events.jsonl, checkpoints at most 45 s apart, and a validation after each epoch."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from pytest_ftgate.train import epochs
from pytest_ftgate.train.events import CURVES, REWARDS, EventLog
from pytest_ftgate.train.manifest import Epoch
from pytest_ftgate.train.validate import epoch_of

CHECKPOINT_S = 45.0
"""Seconds of work that a kill may cost at most, if a step takes less than that."""


class Keeper(TrainerCallback):  # type: ignore[misc]
    """Keeps what a kill must not lose, and tells how it goes.

    save_epoch(folder): write the adapter; called on all processes. score(folder, train_loss): validate it; called on one process only.
    barrier(): wait for the other processes.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - wiring
        self,
        root: Path,
        log: EventLog,
        trainer: Any,
        patience: int,
        save_epoch: Callable[[Path], None],
        score: Callable[[Path, float], Epoch],
    ) -> None:
        self.root, self.log, self.trainer, self.patience = root, log, trainer, patience
        self._save_epoch, self._score = save_epoch, score
        self._saved, self._step_begun, self._step_s = time.monotonic(), 0.0, 0.0

    @property
    def _main(self) -> bool:
        return bool(self.trainer.is_world_process_zero())

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        """Count from here."""
        self._saved = time.monotonic()

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        """Take the time."""
        self._step_begun = time.monotonic()

    def on_step_end(self, _args: Any, _state: Any, control: Any, **_: Any) -> None:
        """Ask for a checkpoint if after the next step it would be too late."""
        now = time.monotonic()
        self._step_s = now - self._step_begun
        late = now + self._step_s - self._saved > CHECKPOINT_S
        control.should_save = control.should_save or self._agreed(late)

    def _agreed(self, wanted: bool) -> bool:
        """What the first process thinks; all must save, or stop, at the same step."""
        if self.trainer.accelerator.num_processes == 1:
            return wanted
        from accelerate.utils import broadcast_object_list

        return bool(broadcast_object_list([wanted])[0])

    def on_log(self, _args: Any, state: Any, _control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        """One line for each step."""
        if self._main and logs and "loss" in logs:
            numbers = {name: float(logs[name]) for name in (*CURVES, *REWARDS) if name in logs}
            self.log("step", step=state.global_step, steps=state.max_steps, step_s=self._step_s, **numbers)

    def on_epoch_end(self, _args: Any, state: Any, control: Any, **_: Any) -> None:
        """Write the adapter, then a checkpoint; its validation follows in `on_save`."""
        epoch = round(state.epoch)
        folder, part = self.root / f"{epoch}-{state.global_step}", self.root / f"part.{epoch}"
        if self._main:
            shutil.rmtree(part, ignore_errors=True)
        self._save_epoch(part)
        if self._main:
            shutil.rmtree(folder, ignore_errors=True)
            part.rename(folder)
        control.should_save = True

    def on_save(self, _args: Any, state: Any, control: Any, **_: Any) -> None:
        """A checkpoint is complete."""
        if self.validate(state.log_history):
            control.should_training_stop = True
        self._saved = time.monotonic()

    def validate(self, log_history: list[dict[str, float]]) -> bool:
        """Score the epochs that wait for it, on the first process; True if the scores have stopped rising."""
        waiting = epochs.unscored(self.root)
        self.trainer.accelerator.wait_for_everyone()
        if self._main and waiting:
            self.trainer.watch.pause()
            for folder in waiting:
                self._tell(self._score(folder, _mean_loss(log_history, folder)))
            self.trainer.watch.go_on()
        self.trainer.accelerator.wait_for_everyone()
        return self._agreed(epochs.should_stop(epochs.scored(self.root), self.patience))

    def _tell(self, epoch: Epoch) -> None:
        text = (
            f"epoch {epoch.epoch}: training loss {epoch.train_loss:.4f}; validation: score {epoch.score:.3f} "
            f"({epoch.passed} of {epoch.cases} correct), loss {epoch.loss:.4f}, perplexity {epoch.perplexity:.3f}"
        )
        numbers = {"score": epoch.score, "loss": epoch.loss, "perplexity": epoch.perplexity}
        self.log("validation", text=text, epoch=epoch.epoch, step=epoch.step, train_loss=epoch.train_loss, **numbers)
        if self.trainer.like_validation and (warning := epochs.overfitting(epochs.scored(self.root))):
            self.log("warning", text=warning)


def _mean_loss(log_history: list[dict[str, float]], folder: Path) -> float:
    """Mean training loss of the steps of an epoch."""
    epoch, _ = epoch_of(folder)
    losses = [e["loss"] for e in log_history if "loss" in e and epoch - 1 < e["epoch"] <= epoch + 1e-6]
    return sum(losses) / len(losses) if losses else float("nan")
