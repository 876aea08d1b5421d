"""What a trainer's steps go by, where transformers leaves it open: LoRA+, and how long a rate decays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pytest_ftgate.errors import TrainError

DECAY = 0.1
"""Share of the steps in which "warmup_stable_decay" lets the learning rate fall, at the end."""


REFUSALS = (TypeError, ValueError, KeyError, AttributeError, NotImplementedError)
"""What TRL, transformers and PEFT raise for settings that they do not take, while they put things together."""


@contextmanager
def taken(tables: str, kinds: tuple[type[Exception], ...] = REFUSALS) -> Iterator[None]:
    """What TRL says to values of these tables that it does not take is the user's to mend, and no crash."""
    try:
        yield
    except kinds as error:
        problem = str(error) or type(error).__name__
        raise TrainError(f"{tables}: TRL does not take these settings: {problem}\n    see [train.extra]") from error


class Optimizing:
    """Stands before a trainer of TRL. loraplus_ratio: see `Tuning`; 0 = one learning rate for all."""

    args: Any
    model: Any
    optimizer: Any
    loraplus_ratio = 0.0

    def create_optimizer(self, model: Any = None) -> Any:
        """PEFT's for LoRA+: B learns at `loraplus_ratio` times the rate of A."""
        with taken("[train]"):
            return self._optimizer(model)

    def _optimizer(self, model: Any) -> Any:
        if not self.loraplus_ratio or self.optimizer is not None:
            return super().create_optimizer(model)  # type: ignore[misc]
        from peft.optimizers import create_loraplus_optimizer
        from transformers import Trainer

        model = self.model if model is None else model
        kind, options = Trainer.get_optimizer_cls_and_kwargs(self.args, model)
        self.optimizer = create_loraplus_optimizer(
            model,
            kind,
            lr=options.pop("lr"),
            loraplus_lr_ratio=self.loraplus_ratio,
            loraplus_weight_decay=self.args.weight_decay,
            **options,
        )
        return self.optimizer

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """As transformers makes it; "warmup_stable_decay" falls in the last tenth of the steps, if nothing is said."""
        if self.args.lr_scheduler_type == "warmup_stable_decay":
            decay = {"num_decay_steps": max(1, round(DECAY * num_training_steps))}
            self.args.lr_scheduler_kwargs = decay | dict(self.args.lr_scheduler_kwargs or {})
        with taken("[train]"):
            return super().create_scheduler(num_training_steps, optimizer)  # type: ignore[misc]
