"""Responses of one model to one golden set -> Usage, and back from the numbers that a run keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_ftgate.serve.response import Response


@dataclass(frozen=True, slots=True)
class Usage:
    """requests: answered. prompt_tokens, completion_tokens: of all of them, as the server counted. seconds: from the
    first request planned to the last answer; 0 if every answer came from a cache.
    """

    requests: float
    prompt_tokens: float
    completion_tokens: float
    seconds: float

    @property
    def per_hour(self) -> float:
        """Requests in an hour, at the load of the measurement; 0 if nothing was timed."""
        return 3600 * self.requests / self.seconds if self.seconds else 0.0

    @property
    def tokens_each(self) -> tuple[float, float]:
        """Mean tokens of prompt and answer."""
        return self.prompt_tokens / self.requests, self.completion_tokens / self.requests

    def numbers(self, prefix: str) -> dict[str, float]:
        """As metrics of a run; `read_usage` is the inverse."""
        return {f"{prefix}.usage.{name}": value for name, value in asdict(self).items()}


def usage_of(traffic: Mapping[str, Sequence[Response]]) -> Usage | None:
    """Of `Evaluation.traffic`; None if nothing was answered.

    All requests of a set are planned at one time, so the last answer's waiting and answering time is that of the set.
    """
    answers = [answer for some in traffic.values() for answer in some if not answer.broken]
    if not answers:
        return None
    timed = [answer for origin in ("model", "journal") for answer in traffic.get(origin, ()) if not answer.broken]
    return Usage(
        float(len(answers)),
        float(sum(answer.prompt_tokens for answer in answers)),
        float(sum(answer.completion_tokens for answer in answers)),
        max((answer.queue_s + answer.total_s for answer in timed), default=0.0),
    )


def read_usage(metrics: Mapping[str, float], prefix: str) -> Usage | None:
    """The inverse of `Usage.numbers`; None if the run kept none."""
    names = ("requests", "prompt_tokens", "completion_tokens", "seconds")
    found = [metrics.get(f"{prefix}.usage.{name}") for name in names]
    known = [value for value in found if value is not None]
    return Usage(*known) if len(known) == len(names) and known[0] else None
