"""TRL's GRPO (Shao et al. 2024) on our own tokens: answers are drawn and graded, and the better ones made likelier."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from trl import import_utils
from trl.trainer.utils import RepeatSampler

from pytest_ftgate.errors import TrainError
from pytest_ftgate.serve.device import this_device
from pytest_ftgate.serve.hf.generate import end_tokens_of
from pytest_ftgate.serve.hf.row import Answer, before_stop, decoded
from pytest_ftgate.train.arguments import arguments
from pytest_ftgate.train.grading import AnswerGrader
from pytest_ftgate.train.job import TrainJob
from pytest_ftgate.train.optimizing import Optimizing, taken
from pytest_ftgate.train.resuming import Resuming
from pytest_ftgate.train.tasks import case_of


@contextmanager
def _without_vllm() -> Iterator[None]:
    """TRL would load vLLM where it is installed: 2 s, 140 MB, warnings and variables, for draws that it does not do."""
    known, import_utils.is_vllm_available = import_utils.is_vllm_available, lambda *_, **__: False
    try:
        yield
    finally:
        import_utils.is_vllm_available = known


with _without_vllm():
    from trl import GRPOConfig, GRPOTrainer


class Reward:
    """Values of answers, 0 to 1, by the graders of the golden set or of the row, and what the row expects."""

    def __init__(self, job: TrainJob, tokenizer: Any, model: Any) -> None:
        self._tokenizer, self._ends = tokenizer, end_tokens_of(model, tokenizer)
        self._grade, self._stop = AnswerGrader(job.grading, "training"), job.grading.stop

    def __call__(self, completion_ids: Sequence[Sequence[int]], case: Sequence[str], **_: Any) -> list[float]:
        """Raises TrainError, with file and line, if a grader breaks."""
        return [self._value(list(ids), written) for ids, written in zip(completion_ids, case, strict=True)]

    def _value(self, ids: list[int], written: str) -> float:
        ended = bool(ids) and ids[-1] in self._ends
        said = ids[:-1] if ended else ids
        text = decoded(self._tokenizer, said)
        kept = before_stop(text, self._stop)
        answer = Answer(kept, "stop" if ended or kept != text else "length", 0, len(said))
        case, path = case_of(written)
        return float(self._grade(case, answer, path).value)


class RewardedTrainer(Resuming, Optimizing, GRPOTrainer):  # type: ignore[misc]
    """Trains on rows of `tasks.Task`; the reference is the base, its adapter disabled."""

    like_validation = False
    can_rehearse = False

    def __init__(self, model: Any, args: Any, train_dataset: Any, processing_class: Any, **rest: Any) -> None:
        """Raises TrainError for too few rows to fill a step."""
        questions = args.generation_batch_size // args.num_generations
        if len(train_dataset) < questions:
            raise TrainError(
                f"a step asks {questions} questions, and there are {len(train_dataset)} training rows\n"
                "    lower train.batch_size or train.gradient_accumulation"
            )
        super().__init__(model=model, args=args, train_dataset=train_dataset, processing_class=processing_class, **rest)
        self.eos_token_ids = sorted(end_tokens_of(model, processing_class))
        self.generation_config.eos_token_id = self.generation_kwargs["eos_token_id"] = self.eos_token_ids

    def training_step(self, *args: Any, **rest: Any) -> Any:
        """TRL's; it is here that it, and transformers for the draws, refuse settings."""
        with taken("[train]", (ValueError,)):
            return super().training_step(*args, **rest)

    def _tokenize_prompts(self, prompts: list[list[int]]) -> tuple[list[list[int]], None, dict[str, Any]]:
        """The tokens are there already, made as for the other methods and as the server makes them."""
        return prompts, None, {}

    def _get_train_sampler(self, dataset: Any = None) -> Any:
        """One whose order a resumed run draws again; TRL's draws that of the first epoch once more."""
        made = super()._get_train_sampler(dataset)
        return _OfEpoch(made, self.args.seed, lambda: int((self.state.epoch or 0) + 1e-6))


class _OfEpoch(torch.utils.data.Sampler[int]):
    """TRL's sampler, seeded anew in each epoch, which is counted from 0."""

    def __init__(self, made: RepeatSampler, seed: int, epoch: Callable[[], int]) -> None:
        self._made, self._seed, self._epoch = made, seed, epoch

    def __len__(self) -> int:
        return len(self._made)

    def __iter__(self) -> Iterator[int]:
        self._made.generator.manual_seed((self._seed << 20) + self._epoch())
        return iter(self._made)


def grpo_arguments(job: TrainJob, folder: Path) -> GRPOConfig:
    """Of GRPOTrainer; each step draws its answers anew. Dropout stays on only if the job asks for some."""
    shared = arguments(job, folder, this_device())
    del shared["max_length"]  # longer rows are left out before
    return GRPOConfig(
        **shared,
        beta=job.tuning.beta,
        num_generations=job.tuning.generations,
        temperature=job.tuning.temperature,
        max_completion_length=job.grading.max_tokens,
        disable_dropout=job.lora.dropout == 0,
    )
