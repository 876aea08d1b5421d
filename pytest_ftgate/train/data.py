"""(file of rows, prompt, tokenizer) -> token ids of prompts and answers, in the model's own chat template."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_ftgate.case import Case, Message, Prompt, answer_text, make_case, render
from pytest_ftgate.data.synthetic import REFUSED, is_unreviewed
from pytest_ftgate.errors import FtgateError, TrainError
from pytest_ftgate.serve.generate import prompt_tokens


@dataclass(frozen=True, slots=True)
class Example:
    """One row. prompt, answer: token ids; the loss looks at the answer only, which ends with the end of the turn."""

    case: Case
    messages: tuple[Message, ...]
    prompt: tuple[int, ...]
    answer: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.prompt) + len(self.answer)


def read_examples(path: Path, prompt: Prompt, tokenizer: Any, max_rows: int = 0) -> list[Example]:
    """The first `max_rows` rows (0 = all) as examples.

    Raises TrainError with file and line: no JSON, no input or expected, a prompt that cannot be made; and for no rows.
    """
    examples: list[Example] = []
    for number, line in _lines(path):
        if max_rows and len(examples) == max_rows:
            break
        try:
            examples.append(_example(json.loads(line), number, prompt, tokenizer))
        except (ValueError, KeyError, TypeError, FtgateError) as error:
            raise TrainError(f"{path}:{number}: {_told(error)}") from None
    if not examples:
        raise TrainError(f"{path}: no rows found; a row is one JSON object a line, with input and expected")
    return examples


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    with path.open(encoding="utf-8") as stream:
        for number, line in enumerate(stream, start=1):
            if line.strip():
                yield number, line


def _told(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"the row has no {error}; a row is written as a golden case, with input and expected"
    return str(error) if isinstance(error, FtgateError) else f"not a row: {error}"


def _example(row: Any, line: int, prompt: Prompt, tokenizer: Any) -> Example:
    if not isinstance(row, dict):
        raise TypeError(f"an object is needed, found {json.dumps(row)[:60]}")
    if is_unreviewed(row):
        raise TrainError(REFUSED)
    case = make_case(row, line, str(row.get("id", line)))
    messages = render(prompt, case.input)
    asked = prompt_tokens(tokenizer, messages)
    return Example(case, tuple(messages), asked, answer_tokens(tokenizer, messages, answer_text(row["expected"])))


def answer_tokens(tokenizer: Any, messages: Sequence[Message], answer: str) -> tuple[int, ...]:
    """Ids of the answer and the end of the turn: what the model has to write after the prompt.

    Raises TrainError if the chat template does not put the answer right after the prompt, or never ends the turn.
    """
    turns = [dict(message) for message in messages]
    asked = tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
    whole = tokenizer.apply_chat_template([*turns, {"role": "assistant", "content": answer}], tokenize=False)
    if not whole.startswith(asked):
        raise TrainError(f"the chat template changes the prompt once it is answered: {whole!r} is not {asked!r}...")
    ids = tokenizer(whole[len(asked) :], add_special_tokens=False)["input_ids"]
    if tokenizer.eos_token_id not in ids:
        end, found = tokenizer.eos_token, whole[len(asked) :]
        raise TrainError(f"the chat template does not end the answer with the end token {end!r}: {found!r}")
    return tuple(ids[: ids.index(tokenizer.eos_token_id) + 1])


def fitting(examples: Sequence[Example], max_length: int) -> tuple[list[Example], int]:
    """(those of at most `max_length` tokens, number of the longer ones). Raises TrainError if none is left."""
    kept = [example for example in examples if len(example) <= max_length]
    if not kept:
        shortest = min(map(len, examples))
        raise TrainError(f"max_length = {max_length} tokens leaves no row; the shortest has {shortest}: raise it")
    return kept, len(examples) - len(kept)
