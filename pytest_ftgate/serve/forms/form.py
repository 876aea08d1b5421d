"""Text such as "gguf:Q8_0" -> Form: in which form a model ships, and which program runs it there."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_ftgate.errors import ServeError

KINDS = ("merged", "int8", "fp8", "awq", "gptq", "gguf")
CALIBRATED = ("awq", "gptq")
"""Of KINDS: made by another environment, from training rows."""

GGUF_TYPES = ("F16", "BF16", "Q8_0", "Q4_K_M")


@dataclass(frozen=True, slots=True)
class Form:
    """kind: one of KINDS. detail: of "gguf" one of GGUF_TYPES, else "". As text it is what `--to` takes."""

    kind: str
    detail: str = ""

    @property
    def runtime(self) -> str:
        """The engine that it ships for: "llamacpp" or "vllm"."""
        return "llamacpp" if self.kind == "gguf" else "vllm"

    def __str__(self) -> str:
        return f"{self.kind}:{self.detail}" if self.detail else self.kind


def form_of(text: str) -> Form:
    """The form that a text names. Raises ServeError that lists those there are."""
    kind, _, detail = text.partition(":")
    if kind in KINDS and (detail in GGUF_TYPES if kind == "gguf" else not detail):
        return Form(kind, detail)
    known = [*KINDS[:-1], *(f"gguf:{each}" for each in GGUF_TYPES)]
    raise ServeError(f"{text!r} is not a form of a model; expected one of: {', '.join(known)}")
