"""TrainJob -> trained epochs, each validated, then `finish`. Read it from top to bottom."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import Any

from pytest_ftgate.golden.case import Prompt
from pytest_ftgate.serve.device import this_device
from pytest_ftgate.train import epochs, initial_weights
from pytest_ftgate.train.callback import Keeper
from pytest_ftgate.train.checkpoints import newest_whole, step_of, train_seconds
from pytest_ftgate.train.events import EventLog
from pytest_ftgate.train.finish import Spent, finish
from pytest_ftgate.train.job import TOKENS_FILE, TrainJob
from pytest_ftgate.train.judged import imbalance
from pytest_ftgate.train.kernels import check_kernels
from pytest_ftgate.train.loss import Collator, can_fuse, keep_head_input_whole
from pytest_ftgate.train.models import (
    check_servable,
    hold_adapter_in_float32,
    load_tokenizer,
    lora_config,
    model_to_train,
)
from pytest_ftgate.train.odds import OddsCollator, OddsTrainer, orpo_arguments
from pytest_ftgate.train.optimizing import taken
from pytest_ftgate.train.packing import keep_rows_apart
from pytest_ftgate.train.resuming import Stopwatch
from pytest_ftgate.train.rows import fitting_rows, write_tokens
from pytest_ftgate.train.shards import Counts
from pytest_ftgate.train.strategies.saving import save_trained
from pytest_ftgate.train.tokenised import FOLDER as TOKENS
from pytest_ftgate.train.tokenised import Tokenised, tokenised
from pytest_ftgate.train.trainer import (
    AnswerTrainer,
    JudgedTrainer,
    PreferenceTrainer,
    dpo_arguments,
    kto_arguments,
    sft_arguments,
)
from pytest_ftgate.train.unread import unread_keys
from pytest_ftgate.train.validate import validate
from pytest_ftgate.train.validation_rows import read_validation

Trainer = AnswerTrainer | PreferenceTrainer | JudgedTrainer | OddsTrainer
TRAINERS: dict[str, tuple[Any, Any]] = {
    "dpo": (PreferenceTrainer, dpo_arguments),
    "kto": (JudgedTrainer, kto_arguments),
    "orpo": (OddsTrainer, orpo_arguments),
}


def run(job: TrainJob, out_dir: Path, log: EventLog, key: bytes = b"") -> None:
    """The whole fine-tune; goes on where a killed one was. Raises TrainError for what the user can mend.

    key: of the state folder that the run belongs to.
    """
    tokenizer = load_tokenizer(job)
    data = tokenised(job, tokenizer, out_dir, lambda text: log("start", text=text))
    validation = read_validation(Path(job.validation_file), Prompt.from_json(job.prompt), tokenizer, job.grading)
    trainer = make_trainer(job, tokenizer, data, out_dir)
    if trainer.is_world_process_zero():
        _tell_start(log, job, data.counts, trainer)
        _warn(log, job, data.counts)
        write_tokens(out_dir / TOKENS_FILE, tokenizer, fitting_rows(job, tokenizer))
    score = partial(validate, job, tokenizer, validation, trainer)
    root = out_dir / "epochs"
    root.mkdir(exist_ok=True)
    save = partial(save_trained, trainer, tokenizer, job, out_dir)
    keeper = Keeper(root, log, trainer, job.tuning, save, score)
    trainer.add_callback(keeper)
    fit(trainer, keeper, log)
    if trainer.is_world_process_zero():
        counts, seconds = data.counts, trainer.watch.seconds
        spent = Spent(counts.rows, counts.tokens, seconds, *_devices(trainer), counts.too_long)
        manifest = finish(job, out_dir, spent, tokenizer.chat_template, key)
        shutil.rmtree(out_dir / TOKENS, ignore_errors=True)
        rate = manifest.metrics["tokens_per_second"]
        log("done", text=f"best {manifest.best.name}; {spent.train_s:.0f} s at {rate:.0f} tokens/s")


def _devices(trainer: Trainer) -> tuple[str, int]:
    """What the training holds: so many GPUs, or so many cores."""
    import torch

    processes = trainer.accelerator.num_processes
    return ("gpu", processes) if torch.cuda.is_available() else ("cpu", processes * torch.get_num_threads())


def make_trainer(job: TrainJob, tokenizer: Any, data: Tokenised, out_dir: Path) -> Trainer:
    """Model, adapter, data and settings put together. Raises TrainError for an adapter that vLLM cannot serve."""
    trainer_of, arguments_of = _trainer_of(job.tuning.method)
    check_kernels(job.tuning.kernels, this_device())
    with taken("[train]"):
        arguments = arguments_of(job, out_dir / "checkpoints")  # it chooses the device
    model = model_to_train(job)
    adapter, own = lora_config(job), _of_method(job, tokenizer, model)
    with taken("[train] or [lora]"):
        trainer: Trainer = trainer_of(
            model=model,
            args=arguments,
            train_dataset=data.dataset,
            processing_class=tokenizer,
            peft_config=adapter,
            **own,
        )
    trainer.loraplus_ratio = job.tuning.loraplus_ratio
    check_servable(trainer.model, 2 if initial_weights.is_converted(job) else 1)
    hold_adapter_in_float32(trainer.model)
    initial_weights.begin(trainer, job, out_dir, data.dataset, tokenizer.pad_token_id)
    keep_head_input_whole(trainer.model)
    trainer.fused = this_device().kind == "cuda" and job.tuning.kernels != "unsloth" and can_fuse(trainer.model)
    return trainer


def _trainer_of(method: str) -> tuple[Any, Any]:
    """The trainer, and what makes its settings."""
    if method != "grpo":
        return TRAINERS.get(method, (AnswerTrainer, sft_arguments))
    from pytest_ftgate.train.rewarded import RewardedTrainer, grpo_arguments  # looks for vLLM, which takes seconds

    return RewardedTrainer, grpo_arguments


def _of_method(job: TrainJob, tokenizer: Any, model: Any) -> dict[str, Any]:
    """What one trainer takes and another does not."""
    if job.tuning.method == "grpo":
        from pytest_ftgate.train.rewarded import Reward

        return {"reward_funcs": Reward(job, tokenizer, model)}
    return {"data_collator": _collator(job, tokenizer, model)}


def _collator(job: TrainJob, tokenizer: Any, model: Any) -> Any:
    """What makes batches; None leaves it to TRL."""
    if job.tuning.method == "orpo":
        return OddsCollator(tokenizer.pad_token_id)
    if job.tuning.preferring:
        return None
    return keep_rows_apart(model) if job.tuning.packing else Collator(tokenizer.pad_token_id)


def fit(trainer: Trainer, keeper: Keeper, log: EventLog) -> None:
    """Train from the newest whole checkpoint, if there is one; nothing if all epochs are done."""
    from transformers import TrainerState

    checkpoint = newest_whole(Path(trainer.args.output_dir), remove=trainer.is_world_process_zero())
    trainer.watch = Stopwatch(train_seconds(checkpoint) if checkpoint else 0.0)
    if trainer.is_world_process_zero():
        epochs.forget_after(keeper.root, step_of(checkpoint) if checkpoint else 0)
    if checkpoint is None:
        trainer.train()
    else:
        state = TrainerState.load_from_json(str(checkpoint / "trainer_state.json"))
        if trainer.is_world_process_zero():
            log("start", text=f"resuming after step {step_of(checkpoint)} of {state.max_steps}")
        stop = keeper.validate(state.log_history)
        if not stop and state.global_step < state.max_steps:
            trainer.train(resume_from_checkpoint=str(checkpoint))
    trainer.watch.pause()


def _tell_start(log: EventLog, job: TrainJob, counts: Counts, trainer: Trainer) -> None:
    trained = sum(p.numel() for p in trainer.model.parameters() if p.requires_grad)
    what = job.tuning.method if job.tuning.method == "full" else f"{job.tuning.method}, r = {job.lora.r}"
    passes = job.tuning.passes(len(trainer.train_dataset))
    tokens = round(counts.tokens * passes)
    text = f"{what}: {trained:,} trainable weights; {counts.rows:,} rows x {passes:.4g} epochs = {tokens:,} tokens"
    log("start", text=text, rows=counts.rows, tokens=tokens, trained_weights=trained)


def _warn(log: EventLog, job: TrainJob, counts: Counts) -> None:
    """Tell what of the rows is not learnt, or not as one might think."""
    if counts.too_long:
        limit = job.tuning.max_length
        log("warning", text=f"{counts.too_long} rows exceed max_length = {limit} tokens and are skipped")
    if counts.left_out:
        rewritten = "rendered differently by the chat template in the history"
        log("warning", text=f"{counts.left_out} earlier answers of chats, {rewritten}, are excluded from the loss")
    if unread := unread_keys(counts.unread):
        log("warning", text=unread)
    judged = counts.wanted + counts.unwanted
    if judged and (uneven := imbalance(counts.wanted, counts.unwanted, job.tuning)):
        log("warning", text=uneven)
