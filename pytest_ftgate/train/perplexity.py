"""Folder of a model -> how surprised it is by the answers of rows, in nats a token."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.data.checks.tokens import Asked, as_written, tokenizer_in
from pytest_ftgate.data.readers.row import TEXT, DataRow
from pytest_ftgate.errors import DataError, Fault, MissingExtra, TrainError
from pytest_ftgate.files.escape import one_line
from pytest_ftgate.files.text import shown
from pytest_ftgate.golden.case import Message
from pytest_ftgate.serve.compute import COMPUTING
from pytest_ftgate.serve.servers.process import ProcessGroup
from pytest_ftgate.train.token_losses import LOSSES, Request, Tokens

if TYPE_CHECKING:
    from pytest_ftgate.serve.chat_format import ChatFormat

MODULE = "pytest_ftgate.train.token_losses"
POLL_S = 0.05


def losses_in(
    model: Path, dtype: str, max_length: int, asked: Asked = as_written, chat: ChatFormat | None = None
) -> Callable[[Sequence[DataRow]], list[float]]:
    """A function from rows to the mean negative log-likelihood of each answer's tokens; exp of it is the perplexity.

    Given the prompt, whose own tokens do not count. A process of its own holds the model while it is called.
    dtype: of the model. asked: see `tokens_in`. chat: see `tokenizer_in`. max_length: of prompt and answer; of a longer
    row the end of the prompt and the beginning of the answer are looked at. Raises as `tokenizer_in`; the function
    DataError if the model cannot be loaded.
    """
    tokenizer = tokenizer_in(model, "perplexity", chat)
    if importlib.util.find_spec("torch") is None:  # now, so that its absence is told before a row is read
        raise MissingExtra("perplexity", "serve")

    def losses(rows: Sequence[DataRow]) -> list[float]:
        tokens = [_tokens(tokenizer, row, asked, max_length) for row in rows]
        return _computed(Request(str(model), dtype, tokenizer.pad_token_id or 0, tokens))

    return losses


def _computed(request: Request) -> list[float]:
    """By a process of its own, which ends with this one. Raises DataError if it cannot load the model, or dies."""
    with tempfile.TemporaryDirectory(prefix="ftgate-") as name:
        folder = Path(name)
        request.write(folder)
        group = ProcessGroup([sys.executable, "-m", MODULE, name], folder / "log", _environment())
        try:
            while (code := group.exit_code()) is None:
                time.sleep(POLL_S)
        finally:
            group.stop()
        if (folder / LOSSES).is_file():
            said = json.loads((folder / LOSSES).read_text(encoding="utf-8"))
            if "losses" in said:
                return list(said["losses"])
            raise DataError([Fault(shown(Path(request.model)), 0, f"cannot be loaded: {one_line(said['error'])}")])
        what = f"cannot be asked for perplexities: its process exited with code {code}:\n{group.log_tail()}"
        fix = "free memory, or leave out the check: remove data.perplexity, or --perplexity"
        raise DataError([Fault(shown(Path(request.model)), 0, what, fix)])


def _environment() -> dict[str, str]:
    return {**os.environ, **COMPUTING, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"}


def _tokens(tokenizer: Any, row: DataRow, asked: Asked, max_length: int) -> Tokens:
    """At least one token each; an empty answer is the end of the turn, and the first token of a text is its prompt."""
    from pytest_ftgate.train.rendering import text_tokens

    if row.shape == TEXT:
        ids = text_tokens(tokenizer, row.answer)[:max_length]
        return Tokens(list(ids[:1]), list(ids[1:]) or [tokenizer.eos_token_id])
    prompt, said = _written(tokenizer, row, asked(row))
    ids = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    answer = tokenizer(said or tokenizer.eos_token, add_special_tokens=False)["input_ids"][: max_length - 1]
    return Tokens(ids[-(max_length - len(answer)) :], answer)


def _written(tokenizer: Any, row: DataRow, asked: Sequence[Message]) -> tuple[str, str]:
    """The prompt, and the answer: its text, or with calls and thoughts what the chat template makes of it."""
    from pytest_ftgate.train.rendering import answer_text, rendered

    try:
        prompt = rendered(tokenizer, asked, row.tools, asks=True)
        more = row.calls or row.reasoning
        return prompt, answer_text(tokenizer, asked, row.answer_turn, row.tools) if more else row.answer
    except TrainError as error:
        raise DataError([Fault(row.path, row.line, str(error))]) from None
