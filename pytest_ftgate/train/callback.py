"""Trainer's events -> lines of events.jsonl, checkpoints by the clock, and validations after epochs and steps."""

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
from pytest_ftgate.train.out_of_memory import REHEARSAL, TRAINING, VALIDATION
from pytest_ftgate.train.rehearsal import rehearse
from pytest_ftgate.train.tuning import Tuning
from pytest_ftgate.train.validate import epoch_of, folder_name

CHECKPOINT_S = 45.0
"""Seconds of work that a kill may cost at most, if a step takes less than that, and a checkpoint little."""

SAVING = 0.05
"""Share of the time that checkpoints between validations may take, so that a large one comes seldom."""


class Keeper(TrainerCallback):  # type: ignore[misc]
    """Keeps what a kill must not lose, and tells how it goes.

    save_epoch(folder): write the adapter; called on all processes. score(folder, train_loss): validate it;
    called on one process only. barrier(): wait for the other processes.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - wiring
        self,
        root: Path,
        log: EventLog,
        trainer: Any,
        tuning: Tuning,
        save_epoch: Callable[[Path], None],
        score: Callable[[Path, float], Epoch],
    ) -> None:
        self.root, self.log, self.trainer, self.tuning = root, log, trainer, tuning
        self._save_epoch, self._score = save_epoch, score
        self._saved, self._step_begun, self._step_s = time.monotonic(), 0.0, 0.0
        self._kept = 0

    @property
    def _main(self) -> bool:
        return bool(self.trainer.is_world_process_zero())

    @property
    def on_gpu(self) -> bool:
        """Whether memory is short, and a backward pass quick."""
        return bool(self.trainer.accelerator.device.type == "cuda")

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        """On a GPU see at once whether its memory is enough; count from here."""
        if self.on_gpu:
            self._begin(REHEARSAL)
            rehearse(self.trainer)
        self._saved = time.monotonic()
        self._begin(TRAINING)

    def _begin(self, phase: str) -> None:
        if self._main:
            self.log("phase", phase=phase)

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        """Take the time."""
        self._step_begun = time.monotonic()

    def on_step_end(self, _args: Any, state: Any, control: Any, **_: Any) -> None:
        """Ask for a checkpoint if after the next step it would be too late, or if a validation is due."""
        now = time.monotonic()
        self._step_s = now - self._step_begun
        late = now + self._step_s - self._saved > max(CHECKPOINT_S, self.trainer.save_s / SAVING)
        control.should_save = control.should_save or self._agreed(late)
        if self._is_due(state):
            self._keep(state, control)

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

    def _is_due(self, state: Any) -> bool:
        """Whether to validate after this step: the last one, the last of an epoch, or as eval_steps says."""
        every = self.tuning.eval_steps
        ends = state.epoch == round(state.epoch) or state.global_step == state.max_steps
        return bool(ends or (every and state.global_step % every == 0))

    def on_epoch_end(self, _args: Any, state: Any, control: Any, **_: Any) -> None:
        """Only if the rows ended unforeseen: their number was not known."""
        if state.global_step != self._kept:
            self._keep(state, control)

    def _keep(self, state: Any, control: Any) -> None:
        """Write the adapter, then a checkpoint; its validation follows in `on_save`."""
        folder, part = self.root / folder_name(state.epoch, state.global_step), self.root / "part"
        if self._main:
            shutil.rmtree(part, ignore_errors=True)
        self._save_epoch(part)
        if self._main:
            shutil.rmtree(folder, ignore_errors=True)
            part.rename(folder)
        self._kept = state.global_step
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
            self._begin(VALIDATION)
            for folder in waiting:
                self._tell(self._score(folder, self._train_loss(log_history, folder)))
            if len(epochs.scored(self.root)) == 1 and (warning := epochs.all_alike(log_history)):
                self.log("warning", text=warning)
            self._begin(TRAINING)
            self.trainer.watch.go_on()
        self.trainer.accelerator.wait_for_everyone()
        return self._agreed(epochs.should_stop(epochs.scored(self.root), self.tuning.patience))

    def _train_loss(self, log_history: list[dict[str, float]], folder: Path) -> float:
        """Mean of the steps since the validation before."""
        (_, last), before = epoch_of(folder), epochs.step_before(self.root, folder)
        losses = [entry["loss"] for entry in log_history if "loss" in entry and before < entry["step"] <= last]
        return sum(losses) / len(losses) if losses else float("nan")

    def _tell(self, epoch: Epoch) -> None:
        text = (
            f"{epoch.name}: training loss {epoch.train_loss:.4f}; validation: score {epoch.score:.3f} "
            f"({epoch.passed} of {epoch.cases} correct), loss {epoch.loss:.4f}, perplexity {epoch.perplexity:.3f}"
        )
        numbers = {"score": epoch.score, "loss": epoch.loss, "perplexity": epoch.perplexity}
        self.log("validation", text=text, epoch=epoch.epoch, step=epoch.step, train_loss=epoch.train_loss, **numbers)
        if self.trainer.like_validation and (warning := epochs.overfitting(epochs.scored(self.root))):
            self.log("warning", text=warning)
