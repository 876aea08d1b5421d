"""[gate] and [forgetting] of a pipeline.toml -> Policy: what the gate asks of this pipeline's candidates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_ftgate.gate.checks.result import Mode


@dataclass(frozen=True, slots=True)
class Forgetting:
    """A golden set of general skills, which the candidate may not lose.

    golden: its name. max_drop: most that may be lost against the base model, a share. required: False = shown, but it
    decides nothing.
    """

    golden: str
    max_drop: float = 0.10
    required: bool = True


@dataclass(frozen=True, slots=True)
class Policy:
    """mode: what the champion check asks, see `checks.champion`. forgetting: None if the pipeline names no such set."""

    mode: Mode = "non-inferior"
    forgetting: Forgetting | None = None


def policy_of(data: Mapping[str, Any]) -> Policy:
    """The policy of a pipeline.toml that has passed the schema."""
    forgetting = Forgetting(**data["forgetting"]) if "forgetting" in data else None
    return Policy(data.get("gate", {}).get("mode", "non-inferior"), forgetting)


def policy_problems(data: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """(key, what is wrong, what to do) of what the schema cannot see."""
    golden = data.get("forgetting", {}).get("golden")
    if golden in data["goldens"]:
        message = f"forgetting.golden: {golden!r} is already in `goldens`"
        yield ("forgetting", "golden"), message, "remove it from one of them"
