"""TRL's ORPO (Hong et al. 2024) on our own tokens: chosen answers are learnt, and rejected ones made unlikely."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from peft import get_peft_model
from transformers import set_seed

from pytest_ftgate.serve.device import this_device
from pytest_ftgate.train.arguments import arguments
from pytest_ftgate.train.filling import FillingByRow
from pytest_ftgate.train.job import TrainJob
from pytest_ftgate.train.loss import IGNORED
from pytest_ftgate.train.optimizing import Optimizing
from pytest_ftgate.train.resuming import Resuming

os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")  # read at the next import
from trl.experimental.orpo import ORPOConfig, ORPOTrainer

SURE = -1e-6
"""Greatest mean log probability of an answer that the odds are taken of: nearer to 0 their gradient is not a number."""


class OddsTrainer(FillingByRow, Resuming, Optimizing, ORPOTrainer):  # type: ignore[misc]
    """Trains on rows of `prompt_ids`, `chosen_ids`, `rejected_ids` in batches of `OddsCollator`; no reference."""

    like_validation = False

    def __init__(self, model: Any, args: Any, train_dataset: Any, peft_config: Any, **rest: Any) -> None:
        """TRL would tokenise texts, so it is given none; and turn the base's norms to float32, which are not served."""
        set_seed(args.seed)
        adapted = get_peft_model(model, peft_config)
        super().__init__(model=adapted, args=args, train_dataset=train_dataset.select([]), **rest)
        self.train_dataset = train_dataset

    def concatenated_forward(self, model: Any, batch: Mapping[str, Any]) -> tuple[Any, ...]:
        """TRL learns the questions too; here the mean loss of the chosen answers' tokens, averaged over the rows."""
        chosen, rejected, chosen_logits, rejected_logits, _, *router = super().concatenated_forward(model, batch)
        chosen, rejected = self.held(chosen), self.held(rejected)
        return (chosen, rejected, chosen_logits, rejected_logits, -chosen.float().mean(), *router)

    def odds_ratio_loss(self, chosen: torch.Tensor, rejected: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Of mean log probabilities, one a row; also of an answer that the model is sure of."""
        return tuple(super().odds_ratio_loss(chosen.float().clamp(max=SURE), rejected.float().clamp(max=SURE)))


class OddsCollator:
    """Rows -> `chosen_` and `rejected_` `input_ids`, `attention_mask`, `labels` [rows, longest], right-padded."""

    def __init__(self, pad_id: int) -> None:
        self.pad_id = pad_id

    def __call__(self, rows: Sequence[Mapping[str, Sequence[int]]]) -> dict[str, torch.Tensor]:
        """One batch of one row or more."""
        return {
            f"{kind}_{name}": tensor
            for kind in ("chosen", "rejected")
            for name, tensor in self._batch([(row["prompt_ids"], row[f"{kind}_ids"]) for row in rows]).items()
        }

    def _batch(self, rows: Sequence[tuple[Sequence[int], Sequence[int]]]) -> dict[str, torch.Tensor]:
        shape = len(rows), max(len(asked) + len(answer) for asked, answer in rows)
        ids, labels = torch.full(shape, self.pad_id), torch.full(shape, IGNORED)
        mask = torch.zeros(shape, dtype=torch.long)
        for i, (asked, answer) in enumerate(rows):
            both = [*asked, *answer]
            ids[i, : len(both)], mask[i, : len(both)] = torch.tensor(both), 1
            labels[i, len(asked) : len(both)] = torch.tensor(answer)
        return {"input_ids": ids, "attention_mask": mask, "labels": labels}


def orpo_arguments(job: TrainJob, folder: Path) -> ORPOConfig:
    """Of ORPOTrainer; beta is the lambda of the paper. Dropout stays on only if the job asks for some."""
    return ORPOConfig(
        **arguments(job, folder, this_device()), beta=job.tuning.beta, disable_dropout=job.lora.dropout == 0
    )
