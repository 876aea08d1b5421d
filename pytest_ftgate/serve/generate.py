"""(model, tokenizer, conversations) -> answers, in batches. Runs in the server's and in the trainer's process.

The decoding loop is our own, not `model.generate()`: the rows of a batch may differ in length limit, temperature, stop
strings and allowed answers; a finished row leaves the batch; a prefix shared by all prompts (few-shot examples) is
computed once; and tokens that an allowed answer forces are not asked of the model one by one.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from pytest_ftgate.serve.trie import END, Node, build_trie, complete, forced

Conversation = Sequence[Mapping[str, str]]

SHORTEST_PREFIX = 16
"""Tokens; computing a shorter shared prefix apart saves nothing."""


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
    on_answer: Callable[[int, Answer], None] | None = None,
) -> list[Answer]:
    """One answer for each conversation (a list of {"role", "content"}), in their order.

    max_tokens: of an answer, > 0. temperature: 0 is greedy; else row i draws with the seed `seed + i`.
    on_answer(index, answer) is called as each row finishes, longest prompts first. The model is put in evaluation mode
    and back. Raises ValueError for a limit that is not positive and for an empty choice.
    """
    answers: list[Answer | None] = [None] * len(conversations)

    def keep(index: int, answer: Answer) -> None:
        answers[index] = answer
        if on_answer:
            on_answer(index, answer)

    jobs = [
        Job(prompt_tokens(tokenizer, talk), max_tokens, temperature, seed + i, tuple(stop), tuple(choices))
        for i, talk in enumerate(conversations)
    ]
    decode(model, tokenizer, jobs, keep, batch_size)
    return [answer for answer in answers if answer is not None]


def prompt_tokens(tokenizer: Any, conversation: Conversation, add_generation_prompt: bool = True) -> tuple[int, ...]:
    """The token ids of a conversation in the model's own chat template."""
    messages = [dict(message) for message in conversation]
    encoded = tokenizer.apply_chat_template(messages, add_generation_prompt=add_generation_prompt, return_dict=True)
    return tuple(encoded["input_ids"])


def decode(
    model: Any, tokenizer: Any, jobs: Sequence[Job], on_answer: Callable[[int, Answer], None], batch_size: int = 32
) -> None:
    """Answer all jobs, longest first; `on_answer(index, answer)` is called as each one finishes."""
    rows = [_Row(index, job, tokenizer, _end_tokens(model, tokenizer)) for index, job in enumerate(jobs)]
    for row in rows:
        row.report(on_answer)
    rows = sorted((row for row in rows if not row.finish), key=lambda row: -len(row.feed))
    with _evaluating(model), torch.inference_mode():
        prefix = _Prefix(model, rows)
        for start in range(0, len(rows), batch_size):
            _decode_batch(_Batch(model, rows[start : start + batch_size], prefix), on_answer)


def _decode_batch(batch: _Batch, on_answer: Callable[[int, Answer], None]) -> None:
    while batch.rows:
        logits = batch.step()
        best = logits.argmax(-1).tolist()
        for row, greedy, scores in zip(batch.rows, best, logits, strict=True):
            if not row.finish:
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


def _end_tokens(model: Any, tokenizer: Any) -> frozenset[int]:
    """All ids that end an answer: the tokenizer's and those of the model's generation config."""
    ids = getattr(model.generation_config, "eos_token_id", None)
    listed = ids if isinstance(ids, list) else [ids]
    return frozenset(i for i in [*listed, tokenizer.eos_token_id] if i is not None)


class _Row:
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
            raise ValueError("an allowed answer is empty; name at least one character")
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
        found = [text.index(stop) for stop in self.job.stop if stop in text]
        if found:
            self.text, self.finish = text[: min(found)], "stop"

    def _decoded(self) -> str:
        return str(self.tokenizer.decode(self.output, skip_special_tokens=True, clean_up_tokenization_spaces=False))

    def report(self, on_answer: Callable[[int, Answer], None]) -> None:
        """Hand over the answer if the row is finished."""
        if self.finish:
            text = self._decoded() if self.text is None else self.text
            on_answer(self.index, Answer(text, self.finish, len(self.job.tokens), len(self.output)))


class _Prefix:
    """The tokens that all prompts begin with, and their keys and values; empty if not worth it."""

    def __init__(self, model: Any, rows: Sequence[_Row]) -> None:
        self.model = model
        self.tokens = _common_prefix([row.feed for row in rows]) if len(rows) > 1 else []
        self.cache = _new_cache(model)
        if len(self.tokens) < SHORTEST_PREFIX or any(getattr(self.cache, "is_sliding", ())):
            self.tokens = []
        if self.tokens:
            ids = torch.tensor([self.tokens], device=model.device)
            model(input_ids=ids, past_key_values=self.cache, use_cache=True, logits_to_keep=1)

    def cache_for(self, rows: int) -> Any:
        """A new cache for that many rows, each of which has seen the prefix."""
        if not self.tokens:
            return _new_cache(self.model)
        cache = copy.deepcopy(self.cache)
        cache.batch_repeat_interleave(rows)
        return cache


def _new_cache(model: Any) -> Any:
    from transformers import DynamicCache

    return DynamicCache(config=model.config)


def _common_prefix(prompts: Sequence[list[int]]) -> list[int]:
    """The longest common beginning that leaves each prompt at least one token of its own."""
    low, high = min(prompts), max(prompts)
    most = min(map(len, prompts)) - 1
    same = next((i for i in range(most) if low[i] != high[i]), most)
    return list(low[:same])


class _Batch:
    """Rows that are decoded together. All rows of the cache have one length; what a row lacks is masked.

    A step feeds each row its new tokens, padded on the left to the longest: prompt and decoding are the same step.
    """

    def __init__(self, model: Any, rows: Sequence[_Row], prefix: _Prefix) -> None:
        self.model, self.rows = model, list(rows)
        self.cache = prefix.cache_for(len(rows))
        known = len(prefix.tokens)
        self.mask = torch.ones(len(rows), known, dtype=torch.long, device=model.device)
        for row in rows:
            row.feed, row.seen = row.feed[known:], known

    def step(self) -> torch.Tensor:
        """Feed what is new; the logits [rows, vocabulary] of the next token of each row."""
        width = max(len(row.feed) for row in self.rows)
        ids, mask, positions = torch.zeros(3, len(self.rows), width, dtype=torch.long)
        for i, row in enumerate(self.rows):
            new = slice(width - len(row.feed), width)
            ids[i, new], mask[i, new] = torch.tensor(row.feed), 1
            positions[i, new] = torch.arange(row.seen, row.seen + len(row.feed))
            row.seen += len(row.feed)
        return self._forward(*(part.to(self.model.device) for part in (ids, mask, positions)))

    def _forward(self, ids: torch.Tensor, mask: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        self.mask = torch.cat([self.mask, mask], dim=1)
        output = self.model(
            input_ids=ids,
            attention_mask=self.mask,
            position_ids=positions,
            past_key_values=self.cache,
            use_cache=True,
            logits_to_keep=1,
        )
        logits: torch.Tensor = output.logits[:, -1]
        return logits

    def drop_finished(self) -> None:
        """Take finished rows out of the cache."""
        alive = [i for i, row in enumerate(self.rows) if not row.finish]
        if len(alive) == len(self.rows):
            return
        self.rows = [self.rows[i] for i in alive]
        if alive:
            index = torch.tensor(alive, device=self.mask.device)
            self.mask = self.mask[index]
            self.cache.batch_select_indices(index)
