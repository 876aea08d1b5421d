"""TRL's trainers as the job wants them: SFTTrainer with the loss of `loss.py`, the others on our own tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trl import DPOConfig, DPOTrainer, KTOConfig, KTOTrainer, SFTConfig, SFTTrainer

from pytest_ftgate.serve.device import this_device
from pytest_ftgate.train.arguments import arguments
from pytest_ftgate.train.job import TrainJob
from pytest_ftgate.train.loss import answer_loss, fused_answer_loss
from pytest_ftgate.train.optimizing import Optimizing
from pytest_ftgate.train.resuming import Resuming


class AnswerTrainer(Resuming, Optimizing, SFTTrainer):  # type: ignore[misc]
    """Trains on the answers alone. fused: by TRL's head that never holds all logits, see `fused_answer_loss`."""

    fused = False

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The loss of a batch of `loss.Collator`, on all devices together as Trainer expects it."""
        if return_outputs:
            raise NotImplementedError("validation has a model of its own; see validate.py")
        loss = (fused_answer_loss if self.fused else answer_loss)(model, inputs, num_items_in_batch)
        if self.args.average_tokens_across_devices and num_items_in_batch is not None:
            loss = loss * self.accelerator.num_processes
        return loss


class PreferenceTrainer(Resuming, Optimizing, DPOTrainer):  # type: ignore[misc]
    """Trains on rows of `prompt_ids`, `chosen_ids`, `rejected_ids`; the reference is the base, its adapter disabled."""

    like_validation = False

    def _prepare_dataset(self, dataset: Any, *_: Any) -> Any:
        """The tokens are there already, made as for the other methods and as the server makes them."""
        return dataset


class JudgedTrainer(Resuming, Optimizing, KTOTrainer):  # type: ignore[misc]
    """Trains on rows of `judged.compared`, in their order; the reference is the base, its adapter disabled."""

    like_validation = False

    def _prepare_dataset(self, dataset: Any, *_: Any) -> Any:
        """The tokens are there already, and the answers to compare with."""
        return dataset


def sft_arguments(job: TrainJob, folder: Path) -> SFTConfig:
    """Of SFTTrainer: what the job says, and what the device wants."""
    return SFTConfig(**arguments(job, folder, this_device()), dataset_kwargs={"skip_prepare_dataset": True})


def dpo_arguments(job: TrainJob, folder: Path) -> DPOConfig:
    """Of DPOTrainer, with the sigmoid loss of Rafailov et al. 2023. Dropout stays on only if the job asks for some."""
    return DPOConfig(
        **arguments(job, folder, this_device()), beta=job.tuning.beta, disable_dropout=job.lora.dropout == 0
    )


def kto_arguments(job: TrainJob, folder: Path) -> KTOConfig:
    """Of KTOTrainer, with the loss of Ethayarajh et al. 2024. Dropout as for DPO."""
    tuning = job.tuning
    return KTOConfig(
        **arguments(job, folder, this_device()),
        beta=tuning.beta,
        desirable_weight=tuning.desirable_weight,
        undesirable_weight=tuning.undesirable_weight,
        disable_dropout=job.lora.dropout == 0,
    )
