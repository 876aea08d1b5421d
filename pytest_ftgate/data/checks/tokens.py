"""Tokenizer of a model -> a count of a row's tokens in the model's own chat template."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pytest_ftgate.data.readers.row import TEXT, DataRow
from pytest_ftgate.errors import DataError, Fault, MissingExtra
from pytest_ftgate.files.text import shown
from pytest_ftgate.golden.case import Message
from pytest_ftgate.serve.chat_format import ChatFormat
from pytest_ftgate.serve.hf.template_turns import template_tools, template_turns
from pytest_ftgate.serve.hf.tokenizer import load_tokenizer

TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "tokenizer.model")
Asked = Callable[[DataRow], Sequence[Message]]


def as_written(row: DataRow) -> Sequence[Message]:
    """The turns before the answer as they stand in the row."""
    return row.asked


def tokens_in(tokenizer: Any, asked: Asked = as_written) -> Callable[[DataRow], int]:
    """A function from a row to the tokens of its question and answer; of a preference, to the longer pair.

    With its tools, calls and thoughts, as far as the chat template writes them; of a text alone, of it and its end.
    asked: the turns before the answer, by default as written; it may raise DataError. The function raises DataError
    for a row that the chat template refuses.
    """

    def count(row: DataRow) -> int:
        if row.shape == TEXT:
            return len(tokenizer(row.answer)["input_ids"]) + 1
        rejected = [] if row.rejected is None else [{"role": "assistant", "content": row.rejected}]
        turns = asked(row)
        return max(_count(tokenizer, row, [*turns, answer]) for answer in [row.answer_turn, *rejected])

    return count


def tokenizer_in(model: Path, what: str, chat: ChatFormat | None = None) -> Any:
    """The tokenizer of a folder. what: it is needed for. chat: its chat template, the tokenizer's own if None.

    Raises ServeError as `ChatFormat.applied`, DataError if the folder holds no tokenizer with a chat template,
    MissingExtra without transformers.
    """
    if not model.is_dir():
        raise DataError([Fault(shown(model), 0, "is not a model folder", "pass --model DIR")])
    if not any((model / name).is_file() for name in TOKENIZER_FILES):
        raise DataError([Fault(shown(model), 0, "contains no tokenizer", f"expected: {' or '.join(TOKENIZER_FILES)}")])
    try:
        import transformers  # noqa: F401
    except ImportError:
        raise MissingExtra(what, "serve") from None
    tokenizer = load_tokenizer(str(model), None, chat, local_files_only=True)
    if not tokenizer.chat_template:
        raise DataError([Fault(shown(model), 0, "has no chat template", 'set [base] chat_template = "chatml"')])
    return tokenizer


def _count(tokenizer: Any, row: DataRow, turns: Sequence[Message]) -> int:
    from jinja2 import TemplateError

    try:
        text = tokenizer.apply_chat_template(template_turns(turns), tokenize=False, tools=template_tools(row.tools))
    except (TemplateError, TypeError) as error:  # TypeError: the template adds up what is no text
        raise DataError([Fault(row.path, row.line, f"rejected by the chat template: {error}")]) from None
    return len(tokenizer(text, add_special_tokens=False)["input_ids"])
