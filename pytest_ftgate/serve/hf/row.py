"""(prompt as token ids, limits) -> Row: one conversation while it is answered, token by token."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from pytest_ftgate.serve.client.reasoning import MARKS
from pytest_ftgate.serve.hf.choice_trie import END, Node, build_trie, complete, forced


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model said.

    finish_reason: "stop" or "length" (cut off at `max_tokens`). completion_tokens: without the end token.
    """

    text: str
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True)
class Job:
    """One prompt as token ids, and how its answer is drawn.

    max_tokens: > 0. temperature: 0 is greedy. stop: strings that end the answer and are not part of it.
    choices: the only allowed answers, as text; none means that anything is allowed.
    """

    tokens: tuple[int, ...]
    max_tokens: int
    temperature: float = 0.0
    seed: int = 0
    stop: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()


class Row:
    """One prompt on its way: `feed` are the tokens the model has not seen yet, `seen` counts those it has."""

    def __init__(self, index: int, job: Job, tokenizer: Any, end_tokens: frozenset[int]) -> None:
        if job.max_tokens < 1 or not job.tokens:
            raise ValueError(
                f"max_tokens is {job.max_tokens} and the prompt has {len(job.tokens)} tokens; both must be > 0"
            )
        self.index, self.job, self.tokenizer, self.end_tokens = index, job, tokenizer, end_tokens
        self.feed, self.seen = list(job.tokens), 0
        self.output: list[int] = []
        self.finish = ""
        self.text: str | None = None
        self.node = self._choices()
        self._follow()

    def _choices(self) -> Node | None:
        if not self.job.choices:
            return None
        if "" in self.job.choices:
            raise ValueError("empty string in choices")
        return build_trie(self.tokenizer.encode(text, add_special_tokens=False) for text in self.job.choices)

    def take(self, greedy: int, logits: torch.Tensor) -> None:
        """Choose the next token from the logits [vocabulary]; `greedy` is their argmax."""
        self.feed = []
        if self.node is not None:
            self._take_allowed(self.node, logits)
            return
        token = self._draw(logits) if self.job.temperature else greedy
        if token in self.end_tokens:
            self.finish = "stop"
            return
        self._append(token)
        self._cut_at_stop()

    def _take_allowed(self, node: Node, logits: torch.Tensor) -> None:
        """The best (or a drawn) token among those the tree allows; the end competes with the end token's logit."""
        options = list(node)
        ends = list(self.end_tokens)
        scores = torch.stack([logits[ends].max() if option == END else logits[option] for option in options])
        option = options[self._draw(scores) if self.job.temperature else int(scores.argmax())]
        if option == END:
            self.finish = "stop"
            return
        self.node = node[option]
        self._append(option)
        self._follow()

    def _follow(self) -> None:
        """Append what the allowed answers force."""
        if self.node is None:
            return
        room = self.job.max_tokens - len(self.output)
        path, self.node = forced(self.node)
        for token in path[:room]:
            self._append(token)
        if complete(self.node) and len(path) <= room:
            self.finish = "stop"

    def _append(self, token: int) -> None:
        self.output.append(token)
        self.feed.append(token)
        if len(self.output) >= self.job.max_tokens:
            self.finish = "length"

    def _draw(self, logits: torch.Tensor) -> int:
        step = torch.Generator(device=logits.device).manual_seed(hash((self.job.seed, len(self.output))) & 0x7FFFFFFF)
        shares = torch.softmax(logits.float() / self.job.temperature, -1)
        return int(torch.multinomial(shares, 1, generator=step))

    def _cut_at_stop(self) -> None:
        if not self.job.stop:
            return
        text = self._decoded()
        if (kept := before_stop(text, self.job.stop)) != text:
            self.text, self.finish = kept, "stop"

    def _decoded(self) -> str:
        return decoded(self.tokenizer, self.output)

    def report(self, on_answer: Callable[[int, Answer], None]) -> None:
        """Hand over the answer if the row is finished."""
        if self.finish:
            text = self._decoded() if self.text is None else self.text
            on_answer(self.index, Answer(text, self.finish, len(self.job.tokens), len(self.output)))


def decoded(tokenizer: Any, output: list[int]) -> str:
    """Text of an answer's tokens; special ones left out, unless some say what is thought and what is answered."""
    drops = _reasoning_marks(tokenizer).isdisjoint(output)
    return str(tokenizer.decode(output, skip_special_tokens=drops, clean_up_tokenization_spaces=False))


def _reasoning_marks(tokenizer: Any) -> frozenset[int]:
    """Ids of the special tokens around reasoning, or before an answer; looked for once for each tokenizer."""
    if not hasattr(tokenizer, "reasoning_marks"):
        special = [(place, token) for place, token in tokenizer.added_tokens_decoder.items() if token.special]
        tokenizer.reasoning_marks = frozenset(place for place, token in special if str(token) in MARKS)
    marks: frozenset[int] = tokenizer.reasoning_marks
    return marks


def before_stop(text: str, stop: Sequence[str]) -> str:
    """The text up to the first of the strings that end an answer; all of it if none is in it."""
    return text[: min([text.index(one) for one in stop if one in text], default=len(text))]
