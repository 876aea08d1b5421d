"""TRL's trainers as the job wants them: SFTTrainer with the loss of `loss.py`, the others on our own tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trl import DPOConfig, DPOTrainer, KTOConfig, KTOTrainer, SFTConfig, SFTTrainer

from pytest_ftgate.serve.device import this_device
from pytest_ftgate.train.arguments import arguments
from pytest_ftgate.train.by_length import ByLength
from pytest_ftgate.train.filling import Filling, FillingByRow
from pytest_ftgate.train.job import TrainJob
from pytest_ftgate.train.loss import answer_loss, fused_answer_loss
from pytest_ftgate.train.optimizing import Optimizing, taken
from pytest_ftgate.train.resuming import Resuming
from pytest_ftgate.train.shards import LENGTH


class AnswerTrainer(Filling, Resuming, Optimizing, SFTTrainer):  # type: ignore[misc]
    """Trains on the answers alone. fused: by TRL's head that never holds all logits, see `fused_answer_loss`."""

    fused = False

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        """For `group_by_length` one whose order a resumed run draws again; that of transformers could not."""
        if self.args.train_sampling_strategy != "group_by_length":
            return super()._get_train_sampler(train_dataset)
        lengths = (train_dataset or self.train_dataset)[LENGTH][:]
        batch = self.args.train_batch_size * self.args.gradient_accumulation_steps * self.accelerator.num_processes
        return ByLength(lengths, batch, self.args.seed, lambda: int((self.state.epoch or 0) + 1e-6))

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


class PreferenceTrainer(FillingByRow, Resuming, Optimizing, DPOTrainer):  # type: ignore[misc]
    """Trains on rows of `prompt_ids`, `chosen_ids`, `rejected_ids`; the reference is the base, its adapter disabled."""

    like_validation = False

    def compute_loss(self, *args: Any, **rest: Any) -> Any:
        """TRL's; it is here that it refuses a `loss_type`."""
        with taken("[train]", (ValueError,)):
            return super().compute_loss(*args, **rest)

    def _prepare_dataset(self, dataset: Any, *_: Any) -> Any:
        """The tokens are there already, made as for the other methods and as the server makes them."""
        return dataset


class JudgedTrainer(FillingByRow, Resuming, Optimizing, KTOTrainer):  # type: ignore[misc]
    """Trains on rows of `judged.compared`, in their order; the reference is the base, its adapter disabled."""

    like_validation = False

    def _prepare_dataset(self, dataset: Any, *_: Any) -> Any:
        """The tokens are there already, and the answers to compare with."""
        return dataset


def sft_arguments(job: TrainJob, folder: Path) -> SFTConfig:
    """Of SFTTrainer: what the job says, and what the device wants."""
    order = {"train_sampling_strategy": "group_by_length"} if job.tuning.group_by_length else {}
    kwargs = {"skip_prepare_dataset": True}
    return SFTConfig(**arguments(job, folder, this_device()), **order, dataset_kwargs=kwargs)


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
