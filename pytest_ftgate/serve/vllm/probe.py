"""(Endpoint, token ids) -> log-probabilities: does the server compute what it should?"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pytest_ftgate.errors import ServeError
from pytest_ftgate.files.escape import one_line
from pytest_ftgate.serve.chat_format import TEMPLATE
from pytest_ftgate.serve.client import control_http as http
from pytest_ftgate.serve.client.completion import MALFORMED
from pytest_ftgate.serve.client.sampling import NEUTRAL
from pytest_ftgate.serve.engine import Endpoint
from pytest_ftgate.serve.hf.reference_logprobs import LENGTH, TALKS, ReferenceLogprobs, TokenLogprobs, read_proof

T = TypeVar("T")
LOAD_S = 120.0
"""Seconds in which a server must have loaded an adapter."""

TOLERANCE: Mapping[str, tuple[float, float]] = {
    "float32": (1e-3, 1e-4),
    "bfloat16": (0.4, 0.05),
    "float16": (0.1, 0.01),
}
"""Largest and mean difference of log-probabilities allowed between two programs at the same precision, in nats.

Measured on SmolLM2-135M and an adapter of rank 8: vLLM against PEFT .11 and .011 at bfloat16, 4e-5 at float32. The same
adapter with its scale a quarter too large .95 and .065, twice too large 2.0 and .26, halved .47 and .11."""


class ProbeError(ServeError):
    """The server gave another answer than a probe needs. status: of HTTP, 0 if there was no answer at all."""

    def __init__(self, what: str, status: int, said: Any) -> None:
        self.status = status
        self.said = _message(said)
        super().__init__(f"{what}: HTTP {status}: {self.said}" if status else f"{what}: {self.said}")


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two programs are apart on the same tokens. largest, mean: differences in nats, 0 or more."""

    tokens: int
    largest: float
    mean: float

    def __str__(self) -> str:
        return (
            f"log-probabilities of {self.tokens} tokens agree with the trained model within "
            f"{self.largest:.2g} nats (mean {self.mean:.2g})"
        )

    def within(self, dtype: str) -> bool:
        """True if a difference of that size is rounding at this precision, see `TOLERANCE`."""
        largest, mean = TOLERANCE[dtype]
        return self.largest <= largest and self.mean <= mean


def warm_up(line: Endpoint, timeout_s: float) -> None:
    """One chat answer, then one with log-probabilities: the first of a kind can take 20 s. Raises ProbeError."""
    body = {"messages": TALKS[0], "max_tokens": 1, "temperature": 0}
    for extra in ({}, {"logprobs": True, "top_logprobs": 1}):
        said = _post(line, "/chat/completions", {**body, **extra}, timeout_s)
        if not said.get("choices"):
            raise ProbeError("invalid probe completion", 200, said)


def tokens(line: Endpoint, talk: Sequence[Mapping[str, str]], timeout_s: float = 30.0) -> list[int]:
    """Token ids of a conversation by the server's own chat template. Raises ProbeError."""
    root = Endpoint(line.base_url.removesuffix("/v1"), line.model, line.api_key)
    said = _post(root, "/tokenize", {"messages": list(talk), "add_generation_prompt": True}, timeout_s)
    return _read(said, lambda: [int(token) for token in said["tokens"]], "/tokenize")


def generate(line: Endpoint, ids: Sequence[int], length: int = LENGTH) -> tuple[list[int], list[float]]:
    """`length` tokens after a prompt at temperature 0, and their log-probabilities in nats. Raises ProbeError.

    Not by `prompt_logprobs`: with LoRA and other requests in the batch, it kills vLLM 0.32 on the CPU.
    """
    body = {"prompt": list(ids), "max_tokens": length, "temperature": 0, "ignore_eos": True, "logprobs": 1, **NEUTRAL}
    said = _post(line, "/completions", {**body, "return_token_ids": True}, 60.0)
    return _read(said, lambda: _generated(said["choices"][0], length), "/completions")


def _generated(choice: Mapping[str, Any], length: int) -> tuple[list[int], list[float]]:
    ids, logprobs = list(map(int, choice["token_ids"])), list(map(float, choice["logprobs"]["token_logprobs"]))
    if not len(ids) == len(logprobs) == length:
        raise ValueError(f"{len(ids)} tokens and {len(logprobs)} log-probabilities, {length} were asked for")
    return ids, logprobs


def _read(said: Any, read: Callable[[], T], what: str) -> T:
    """What is found in an answer. Raises ProbeError if it is not built as expected."""
    try:
        return read()
    except MALFORMED as error:
        raise ProbeError(f"invalid answer of {what} ({type(error).__name__}: {error})", 200, said) from None


def agreement(ours: Sequence[float], theirs: Sequence[float]) -> Agreement:
    """Compare log-probabilities of the same tokens."""
    gaps = [abs(a - b) for a, b in zip(ours, theirs, strict=True)]
    return Agreement(len(gaps), max(gaps), sum(gaps) / len(gaps))


def load(line: Endpoint, name: str, folder: str) -> None:
    """Make an adapter answer as `name`. folder: where the server sees it. Raises ProbeError."""
    body = {"lora_name": name, "lora_path": folder}
    status, said = http.post(f"{line.base_url}/load_lora_adapter", body, line.api_key, LOAD_S)
    if status != 200:
        raise ProbeError(f"cannot load {folder}", status, said)


def unload(line: Endpoint, name: str) -> None:
    """Drop an adapter. Raises ProbeError if the server does not say that it has; status 404: it was not loaded."""
    status, said = http.post(f"{line.base_url}/unload_lora_adapter", {"lora_name": name}, line.api_key)
    if status != 200:
        raise ProbeError(f"cannot unload {name}", status, said)


def verify_adapter(base: Endpoint, tuned: Endpoint, adapter: Path) -> None:
    """The adapter answers, and not as the base model does, unless its B matrices are zero. Raises ServeError."""
    warm_up(tuned, 60.0)
    for talk in TALKS:
        ids = tokens(base, talk)
        if generate(base, ids) != generate(tuned, ids):
            return
    if not b_is_zero(adapter):
        raise ServeError(
            f"{adapter}: loaded, but all log-probabilities equal the base model's, although B is not zero; "
            f"the server does not apply it\n"
            f"    compare target_modules in adapter_config.json with the layers of the base model"
        )


def prove(base: Endpoint, tuned: Endpoint, adapter: Path, dtype: str) -> Agreement | None:
    """Both probes: it answers, not as the base does, and as its trainer saw (None: nothing is known of that).

    Raises ServeError.
    """
    verify_adapter(base, tuned, adapter)
    return hold_against_proof(tuned, adapter, dtype)


def hold_against_proof(tuned: Endpoint, adapter: Path, dtype: str) -> Agreement | None:
    """Compare the served adapter with what its trainer's own model said; None if there is nothing to compare with.

    That is so for an adapter that another program trained, or at another precision. Raises ServeError if they differ
    by more than rounding.
    """
    proof = _proof_of(adapter)
    if proof is None or proof.dtype != dtype:
        return None
    _check_prompts(tuned, proof, adapter)
    found = _agreement_with(proof, [generate(tuned, said.prompt, len(said.tokens)) for said in proof.said])
    if not found.within(dtype):
        raise ServeError(
            f"{adapter}: the server's outputs differ from the trained model: log-probabilities of the same "
            f"tokens differ by up to {found.largest:.3g} nats, {found.mean:.3g} on average, at {dtype}\n"
            f"    base model, precision or adapter scaling differs from training"
        )
    return found


def _check_prompts(tuned: Endpoint, proof: ReferenceLogprobs, adapter: Path) -> None:
    """Conversations must become the tokens that they were in training. Raises ServeError."""
    if all(tokens(tuned, talk) == list(said.prompt) for talk, said in zip(TALKS, proof.said, strict=False)):
        return
    template = adapter / TEMPLATE
    given = f": vllm serve --chat-template {template}" if template.is_file() else ""
    raise ServeError(
        f"{adapter}: the server turns conversations into other tokens than training did\n"
        f"    start it with the tokenizer and the chat template used in training{given}"
    )


def _proof_of(adapter: Path) -> ReferenceLogprobs | None:
    try:
        return read_proof(adapter)
    except ValueError as error:
        raise ServeError(f"{error}\n    restore the adapter's folder, or train again") from None


def _agreement_with(proof: ReferenceLogprobs, served: Sequence[tuple[list[int], list[float]]]) -> Agreement:
    """Up to where a near tie was decided the other way; there each one's likeliest token must be as likely."""
    pairs = [pair for said, answer in zip(proof.said, served, strict=True) for pair in _shared(said, *answer)]
    return agreement([ours for ours, _ in pairs], [theirs for _, theirs in pairs])


def _shared(said: TokenLogprobs, tokens: Sequence[int], logprobs: Sequence[float]) -> list[tuple[float, float]]:
    same = [ours == theirs for ours, theirs in zip(said.tokens, tokens, strict=True)]
    end = same.index(False) + 1 if False in same else len(same)
    return list(zip(said.logprobs[:end], logprobs[:end], strict=True))


def b_is_zero(adapter: Path) -> bool:
    """True if all B matrices of an adapter are zero, so that it changes nothing; reads the file without torch."""
    raw = memoryview((adapter / "adapter_model.safetensors").read_bytes())
    size = int.from_bytes(raw[:8], "little")
    header: dict[str, Any] = json.loads(bytes(raw[8 : 8 + size]))
    spans = [entry["data_offsets"] for name, entry in header.items() if "lora_B" in name or "lora_embedding_B" in name]
    return not any(bytes(raw[8 + size + begin : 8 + size + end]).strip(b"\0") for begin, end in spans)


def _post(line: Endpoint, path: str, body: Mapping[str, Any], timeout_s: float) -> dict[str, Any]:
    status, said = http.post(line.base_url + path, {"model": line.model, **body}, line.api_key, timeout_s)
    if status != 200 or not isinstance(said, dict):
        raise ProbeError(f"{path} for {line.model}", status, said)
    return said


def _message(said: Any) -> str:
    try:
        return one_line(str(said["error"]["message"]))[:500]
    except (KeyError, TypeError):
        return str(said)[:500]
