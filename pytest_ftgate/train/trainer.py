"""TRL's trainers as the job wants them: SFTTrainer with the loss of `loss.py`, the others on our own tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from trl import DPOConfig, DPOTrainer, KTOConfig, KTOTrainer, SFTConfig, SFTTrainer

from pytest_ftgate.train.job import TrainJob
from pytest_ftgate.train.loss import answer_loss
from pytest_ftgate.train.resuming import Resuming


class AnswerTrainer(Resuming, SFTTrainer):  # type: ignore[misc]
    """Trains on the answers alone."""

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


class PreferenceTrainer(Resuming, DPOTrainer):  # type: ignore[misc]
    """Trains on rows of `prompt_ids`, `chosen_ids`, `rejected_ids`; the reference is the base, its adapter disabled."""

    like_validation = False

    def _prepare_dataset(self, dataset: Any, *_: Any) -> Any:
        """The tokens are there already, made as for the other methods and as the server makes them."""
        return dataset


class JudgedTrainer(Resuming, KTOTrainer):  # type: ignore[misc]
    """Trains on rows of `judged.compared`, in their order; the reference is the base, its adapter disabled."""

    like_validation = False

    def _prepare_dataset(self, dataset: Any, *_: Any) -> Any:
        """The tokens are there already, and the answers to compare with."""
        return dataset


def sft_arguments(job: TrainJob, folder: Path) -> SFTConfig:
    """Of SFTTrainer: what the job says, and what the device wants."""
    return SFTConfig(**_arguments(job, folder), dataset_kwargs={"skip_prepare_dataset": True})


def dpo_arguments(job: TrainJob, folder: Path) -> DPOConfig:
    """Of DPOTrainer, with the sigmoid loss of Rafailov et al. 2023. Dropout stays on only if the job asks for some."""
    return DPOConfig(**_arguments(job, folder), beta=job.tuning.beta, disable_dropout=job.lora.dropout == 0)


def kto_arguments(job: TrainJob, folder: Path) -> KTOConfig:
    """Of KTOTrainer, with the loss of Ethayarajh et al. 2024. Dropout as for DPO."""
    tuning = job.tuning
    return KTOConfig(
        **_arguments(job, folder),
        beta=tuning.beta,
        desirable_weight=tuning.desirable_weight,
        undesirable_weight=tuning.undesirable_weight,
        disable_dropout=job.lora.dropout == 0,
    )


def _arguments(job: TrainJob, folder: Path) -> dict[str, Any]:
    tuning, cuda = job.tuning, torch.cuda.is_available()
    return {
        "output_dir": str(folder),
        "num_train_epochs": tuning.epochs,
        "learning_rate": tuning.learning_rate,
        "lr_scheduler_type": tuning.scheduler,
        "warmup_steps": tuning.warmup,  # below 1 it is a share of all steps
        "per_device_train_batch_size": tuning.batch_size,
        "gradient_accumulation_steps": tuning.gradient_accumulation,
        "weight_decay": tuning.weight_decay,
        "max_grad_norm": tuning.max_grad_norm,
        "seed": tuning.seed,
        "data_seed": tuning.seed,
        "max_length": tuning.max_length,
        "optim": "paged_adamw_8bit" if cuda else "adamw_torch_fused",
        "bf16": cuda and job.dtype == "bfloat16",  # on the CPU the weights have their precision already,
        "fp16": cuda and job.dtype == "float16",  # and autocast would only add casts
        "gradient_checkpointing": cuda,
        "use_cpu": not cuda,
        "dataloader_pin_memory": cuda,
        "remove_unused_columns": False,
        "save_strategy": "no",  # `callback.Keeper` says when
        "save_total_limit": 2,
        "eval_strategy": "no",
        "logging_steps": 1,
        "disable_tqdm": True,
        "report_to": list(job.report_to) or "none",
        "run_name": job.name,
    }
