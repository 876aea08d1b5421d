"""TRL's SFTTrainer with the loss of `loss.py`, checkpoints that are whole or not there, and no model card."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import torch
from transformers import Trainer
from trl import SFTConfig, SFTTrainer

from pytest_ftgate.train import checkpoints
from pytest_ftgate.train.job import TrainJob
from pytest_ftgate.train.loss import answer_loss


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


class AnswerTrainer(SFTTrainer):  # type: ignore[misc]
    """Trains on the answers alone. `watch` counts the seconds that each checkpoint records."""

    watch: Stopwatch

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The loss of a batch of `loss.Collator`, on all devices together as Trainer expects it."""
        if return_outputs:
            raise NotImplementedError("validation has a model of its own; see validate.py")
        loss = answer_loss(model, inputs, num_items_in_batch)
        if self.args.average_tokens_across_devices and num_items_in_batch is not None:
            loss = loss * self.accelerator.num_processes
        return loss

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        folder = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
        if self.args.should_save:
            checkpoints.unmark(folder)
        Trainer._save_checkpoint(self, model, trial)  # SFTTrainer's writes a model card beside it
        self.accelerator.wait_for_everyone()
        if self.args.should_save:
            checkpoints.mark_whole(folder, self.watch.seconds)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        """Into the weights that are there: PEFT's own loading would turn a bfloat16 adapter into float32."""
        weights = Path(resume_from_checkpoint) / "adapter_model.safetensors"
        if not weights.is_file():
            super()._load_from_checkpoint(resume_from_checkpoint, model)
            return
        from peft import set_peft_model_state_dict
        from safetensors.torch import load_file

        set_peft_model_state_dict(self.accelerator.unwrap_model(self.model), load_file(weights))


def training_arguments(job: TrainJob, folder: Path) -> SFTConfig:
    """Of transformers' Trainer: what the job says, and what the device wants."""
    tuning, cuda = job.tuning, torch.cuda.is_available()
    return SFTConfig(
        output_dir=str(folder),
        num_train_epochs=tuning.epochs,
        learning_rate=tuning.learning_rate,
        lr_scheduler_type=tuning.scheduler,
        warmup_steps=tuning.warmup,  # below 1 it is a share of all steps
        per_device_train_batch_size=tuning.batch_size,
        gradient_accumulation_steps=tuning.gradient_accumulation,
        weight_decay=tuning.weight_decay,
        max_grad_norm=tuning.max_grad_norm,
        seed=tuning.seed,
        data_seed=tuning.seed,
        max_length=tuning.max_length,
        optim="paged_adamw_8bit" if cuda else "adamw_torch_fused",
        bf16=cuda,  # on the CPU the weights are in bfloat16 already, and autocast would only add casts
        gradient_checkpointing=cuda,
        use_cpu=not cuda,
        dataloader_pin_memory=cuda,
        dataset_kwargs={"skip_prepare_dataset": True},
        remove_unused_columns=False,
        save_strategy="no",  # `callback.Keeper` says when
        save_total_limit=2,
        eval_strategy="no",
        logging_steps=1,
        disable_tqdm=True,
        report_to=list(job.report_to) or "none",
        run_name=job.name,
    )
