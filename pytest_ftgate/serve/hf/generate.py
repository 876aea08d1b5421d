"""(model, tokenizer, conversations) -> answers, in batches. Runs in the server's and in the trainer's process.

The decoding loop is our own, not `model.generate()`: the rows of a batch may differ in length limit, temperature, stop
strings and allowed answers; a finished row leaves the batch; a prefix shared by all prompts (few-shot examples) is
computed once; and tokens that an allowed answer forces are not asked of the model one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from pytest_ftgate.serve.hf.batch import Batch
from pytest_ftgate.serve.hf.prefix import Prefix, shared_prefix
from pytest_ftgate.serve.hf.row import Answer, Job, Row
from pytest_ftgate.serve.hf.template_turns import template_tools, template_turns
from pytest_ftgate.serve.hf.tokenizer import end_tokens, ids_in

Conversation = Sequence[Mapping[str, Any]]
OnAnswer = Callable[[int, Answer], None]

READ_TOGETHER = 2048
"""Tokens of prompts in one forward pass: enough to keep any CPU busy, half a second to a few seconds of its work."""


def generate(  # noqa: PLR0913, PLR0917 - one argument for each thing a caller may choose
    model: Any,
    tokenizer: Any,
    conversations: Sequence[Conversation],
    max_tokens: int,
    temperature: float = 0.0,
    seed: int = 0,
    stop: Sequence[str] = (),
    choices: Sequence[str] = (),
    batch_size: int = 32,
    on_answer: OnAnswer | None = None,
) -> list[Answer]:
    """One answer for each conversation (a list of {"role", "content"}), in their order.

    max_tokens: of an answer, > 0. temperature: 0 is greedy; else row i draws with the seed `seed + i`.
    on_answer(index, answer) is called as each row finishes, longest prompts first. The model is put in evaluation mode
    and back. Raises ValueError for a limit that is not positive and for an empty choice.
    """
    jobs = [
        Job(prompt_tokens(tokenizer, talk), max_tokens, temperature, seed + i, tuple(stop), tuple(choices))
        for i, talk in enumerate(conversations)
    ]
    return answers_to(model, tokenizer, jobs, batch_size, on_answer)


def answers_to(
    model: Any, tokenizer: Any, jobs: Sequence[Job], batch_size: int = 32, on_answer: OnAnswer | None = None
) -> list[Answer]:
    """One answer for each job, in their order; else as `generate`."""
    answers: list[Answer | None] = [None] * len(jobs)

    def keep(index: int, answer: Answer) -> None:
        answers[index] = answer
        if on_answer:
            on_answer(index, answer)

    decode(model, tokenizer, jobs, keep, batch_size)
    return [answer for answer in answers if answer is not None]


def prompt_tokens(
    tokenizer: Any,
    conversation: Conversation,
    add_generation_prompt: bool = True,
    tools: Sequence[Mapping[str, Any]] = (),
    **variables: Any,
) -> tuple[int, ...]:
    """The token ids of a conversation in the model's own chat template. variables: of the template."""
    encoded = tokenizer.apply_chat_template(
        template_turns(conversation),
        tools=template_tools(tools),
        add_generation_prompt=add_generation_prompt,
        return_dict=True,
        **variables,
    )
    return tuple(encoded["input_ids"])


def decode(  # noqa: PLR0913, PLR0917 - what `generate` takes, and what the server remembers
    model: Any,
    tokenizer: Any,
    jobs: Sequence[Job],
    on_answer: OnAnswer,
    batch_size: int = 32,
    known: Prefix | None = None,
) -> Prefix | None:
    """Answer all jobs, longest first; `on_answer(index, answer)` is called as each one finishes.

    known: a prefix that was computed for earlier jobs of the same model. Returns the one that served these.
    """
    rows = [Row(index, job, tokenizer, end_tokens_of(model, tokenizer)) for index, job in enumerate(jobs)]
    for row in rows:
        row.report(on_answer)
    rows = sorted((row for row in rows if not row.finish), key=lambda row: -len(row.feed))
    if not rows:
        return known
    with _evaluating(model), torch.inference_mode():
        prefix = shared_prefix(model, [row.feed for row in rows], known)
        for start in range(0, len(rows), batch_size):
            _decode_together(model, rows[start : start + batch_size], prefix, on_answer)
    return prefix


def _decode_together(model: Any, rows: Sequence[Row], prefix: Prefix, on_answer: OnAnswer) -> None:
    """Prompts are read a few at a time, so that what is decided by the first token is answered at once."""
    together: Batch | None = None
    for group in _groups(rows, prefix):
        batch = Batch(model, group, prefix)
        _step(batch, on_answer)
        if together is None or not together.rows:
            together = batch
        elif batch.rows:
            together.join(batch)
    while together is not None and together.rows:
        _step(together, on_answer)


def _groups(rows: Sequence[Row], prefix: Prefix) -> Iterator[Sequence[Row]]:
    """Rows, longest first, in groups of `READ_TOGETHER` new tokens at most, each padded to the longest of its group."""
    while rows:
        count = max(1, READ_TOGETHER // (len(rows[0].feed) - len(prefix.tokens))) if prefix.can_join else len(rows)
        yield rows[:count]
        rows = rows[count:]


def _step(batch: Batch, on_answer: OnAnswer) -> None:
    logits = batch.step()
    best = logits.argmax(-1).tolist()
    for row, greedy, scores in zip(batch.rows, best, logits, strict=True):
        row.take(greedy, scores)
        row.report(on_answer)
    batch.drop_finished()


@contextmanager
def _evaluating(model: Any) -> Iterator[None]:
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)


def end_tokens_of(model: Any, tokenizer: Any) -> frozenset[int]:
    """All ids that end an answer: the tokenizer's and those of the model's generation config."""
    return ids_in(getattr(model.generation_config, "eos_token_id", None)) | end_tokens(tokenizer)
