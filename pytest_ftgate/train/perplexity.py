"""Folder of a model -> how surprised it is by the answers of rows, in nats a token."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_ftgate.data.checks.tokens import Asked, as_written, tokenizer_in
from pytest_ftgate.data.readers.row import TEXT, DataRow
from pytest_ftgate.errors import DataError, Fault, MissingExtra, TrainError
from pytest_ftgate.files.text import shown
from pytest_ftgate.golden.case import Message

if TYPE_CHECKING:
    from torch import Tensor

    from pytest_ftgate.serve.chat_format import ChatFormat

BATCH = 8
"""Rows of one forward pass."""


class _Tokens(NamedTuple):
    prompt: list[int]
    answer: list[int]


def losses_in(
    model: Path, dtype: str, max_length: int, asked: Asked = as_written, chat: ChatFormat | None = None
) -> Callable[[Sequence[DataRow]], list[float]]:
    """A function from rows to the mean negative log-likelihood of each answer's tokens; exp of it is the perplexity.

    Given the prompt, whose own tokens do not count. The model is loaded when it is called, and freed after.
    dtype: of the model. asked: see `tokens_in`. chat: see `tokenizer_in`. max_length: of prompt and answer; of a longer
    row the end of the prompt and the beginning of the answer are looked at. Raises as `tokenizer_in`; the function
    DataError if the model cannot be loaded.
    """
    tokenizer = tokenizer_in(model, "perplexity", chat)
    try:
        import torch  # noqa: F401  now, so that its absence is told before a row is read
    except ImportError:
        raise MissingExtra("perplexity", "serve") from None

    def losses(rows: Sequence[DataRow]) -> list[float]:
        tokens = [_tokens(tokenizer, row, asked, max_length) for row in rows]
        return _in_batches(_loaded(model, dtype), tokens, tokenizer.pad_token_id or 0)

    return losses


def _loaded(model: Path, dtype: str) -> Any:
    """The model, on the GPU if there is one; without a progress bar, which would stand among a test run's lines."""
    import torch
    from transformers.utils import logging

    from pytest_ftgate.serve.hf.weights import load_weights

    shows = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        made = load_weights(str(model), None, getattr(torch, dtype), local_files_only=True)
    except (OSError, ValueError) as error:
        raise DataError([Fault(shown(model), 0, f"cannot be loaded: {error}")]) from None
    finally:
        if shows:
            logging.enable_progress_bar()
    return made.eval().to("cuda" if torch.cuda.is_available() else "cpu")


def _tokens(tokenizer: Any, row: DataRow, asked: Asked, max_length: int) -> _Tokens:
    """At least one token each; an empty answer is the end of the turn, and the first token of a text is its prompt."""
    from pytest_ftgate.train.rendering import text_tokens

    if row.shape == TEXT:
        ids = text_tokens(tokenizer, row.answer)[:max_length]
        return _Tokens(list(ids[:1]), list(ids[1:]) or [tokenizer.eos_token_id])
    prompt, said = _written(tokenizer, row, asked(row))
    ids = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    answer = tokenizer(said or tokenizer.eos_token, add_special_tokens=False)["input_ids"][: max_length - 1]
    return _Tokens(ids[-(max_length - len(answer)) :], answer)


def _written(tokenizer: Any, row: DataRow, asked: Sequence[Message]) -> tuple[str, str]:
    """The prompt, and the answer: its text, or with calls and thoughts what the chat template makes of it."""
    from pytest_ftgate.train.rendering import answer_text, rendered

    try:
        prompt = rendered(tokenizer, asked, row.tools, asks=True)
        more = row.calls or row.reasoning
        return prompt, answer_text(tokenizer, asked, row.answer_turn, row.tools) if more else row.answer
    except TrainError as error:
        raise DataError([Fault(row.path, row.line, str(error))]) from None


def _in_batches(model: Any, rows: Sequence[_Tokens], pad: int) -> list[float]:
    """The losses in the order of the rows; batches are of rows of like length."""
    import torch

    found = [0.0] * len(rows)
    places = iter(sorted(range(len(rows)), key=lambda place: len(rows[place].prompt) + len(rows[place].answer)))
    with torch.inference_mode():
        while batch := list(islice(places, BATCH)):
            for place, loss in zip(batch, _losses(model, [rows[place] for place in batch], pad), strict=True):
                found[place] = loss
    return found


def _losses(model: Any, rows: Sequence[_Tokens], pad: int) -> Iterator[float]:
    """Padded on the left, so that all answers end in one column and the head sees those columns alone."""
    import torch

    width = max(len(row.prompt) + len(row.answer) for row in rows)
    ids = torch.full((len(rows), width), pad)
    mask = torch.zeros_like(ids)
    for i, row in enumerate(rows):
        both = [*row.prompt, *row.answer]
        ids[i, width - len(both) :], mask[i, width - len(both) :] = torch.tensor(both), 1
    keep = max(len(row.answer) for row in rows) + 1
    asked = {"input_ids": ids, "attention_mask": mask, "position_ids": (mask.cumsum(1) - 1).clamp(min=0)}
    asked = {name: tensor.to(model.device) for name, tensor in asked.items()}
    logits = model(**asked, use_cache=False, logits_to_keep=keep).logits  # [rows, keep, vocabulary]
    chances: Tensor = logits[:, :-1].float().log_softmax(-1)
    wanted = asked["input_ids"][:, -keep + 1 :].unsqueeze(-1)
    spoken = chances.gather(-1, wanted).squeeze(-1)  # [rows, keep - 1]
    for row, line in zip(rows, spoken, strict=True):
        yield float(-line[-len(row.answer) :].mean())
