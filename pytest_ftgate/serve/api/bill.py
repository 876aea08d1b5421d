"""Attempts and answers of a run -> Bill: what was sent, what went wrong, and what it cost."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from pytest_ftgate.serve.api.request import ApiReply, Usage


@dataclass(slots=True)
class Bill:
    """What a provider did so far; it only grows.

    attempts: requests sent, each retry counted (an entry of a batch is one). troubles: attempts without an answer,
    by kind: rate_limited, overloaded, server_error, timeout, connection, malformed, refused, expired. retries: those
    that were followed by another attempt. answers: by kind of reply; replayed: answers from the journal. dollars:
    spent now. possibly_billed: attempts that broke off after sending, possibly_dollars: what they may have cost, which
    the budget counts as spent. unfinished, unfinished_dollars: the same of earlier runs that were killed while they
    waited, which no budget counts. saved_dollars: what the replayed answers once cost.
    """

    attempts: int = 0
    retries: int = 0
    troubles: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    replayed: int = 0
    usage: Usage = field(default_factory=Usage)
    dollars: float = 0.0
    possibly_billed: int = 0
    possibly_dollars: float = 0.0
    unfinished: int = 0
    unfinished_dollars: float = 0.0
    saved_dollars: float = 0.0

    def add(self, said: ApiReply) -> None:
        """One answer, or what came instead of one."""
        self.answers[said.kind] += 1
        if said.replayed:
            self.replayed += 1
            self.saved_dollars += said.dollars
        else:
            self.usage += said.usage
            self.dollars += said.dollars

    def to_json(self) -> dict[str, Any]:
        """Plain values, for a report."""
        return {**asdict(self), "troubles": dict(self.troubles), "answers": dict(self.answers)}

    def __str__(self) -> str:
        parts = [f"{sum(self.answers.values())} asked ({self.replayed} cached)", f"{self.attempts} requests"]
        if self.troubles:
            parts.append(", ".join(f"{count} {kind}" for kind, count in sorted(self.troubles.items())))
        parts.append(f"${self.dollars:.4f}")
        if self.possibly_billed:
            parts.append(f"{self.possibly_billed} possibly billed, at most ${self.possibly_dollars:.4f}")
        return ", ".join(parts)
