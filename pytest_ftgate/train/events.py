"""events.jsonl: what the trainer tells, one JSON object a line, appended; and how it is read while it grows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pytest_ftgate.files.append_log import AppendLog, intact, parsed, whole_lines

Event = dict[str, Any]
"""{"event": "start" | "step" | "validation" | "warning" | "failed" | "done" | "phase", ...}

All but "step" and "phase" have a "text"; "phase" begins what out_of_memory.WHERE lists, "loading" is the first."""

FILE = "events.jsonl"
CURVES = ("loss", "grad_norm", "learning_rate")
GRADED = ("reward", "reward_std", "completions/mean_length", "completions/clipped_ratio")
"""Of method "grpo": mean grade of the step's answers, 0 to 1, its deviation among answers to one question, their mean
length in tokens, and the share that was cut off at max_tokens."""

REWARDS = ("rewards/chosen", "rewards/rejected", "rewards/margins", "rewards/accuracies", "kl", *GRADED)
"""Of methods "dpo" and "kto": beta times the log ratio of policy and reference, mean over the step's chosen (wanted)
and rejected (unwanted) answers; of "orpo" beta times the mean log probability of their tokens. Of "dpo" and "orpo" the
share of pairs whose chosen answer has the higher one; of "kto" the distance `kl` of policy and reference in nats,
estimated on answers to other prompts, and of "grpo" on its own answers."""


class EventLog:
    """The writing end."""

    def __init__(self, path: Path) -> None:
        self._log = AppendLog(path)

    def __call__(self, event: str, **fields: Any) -> None:
        """Append one event; it is on its way to the reader when this returns."""
        self._log.append({"event": event, **fields})


class EventTail:
    """The reading end: `new()` gives the whole lines appended since the last call (at first: since it was made)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = sum(len(line) for _, line in whole_lines(path))

    def new(self) -> Iterator[Event]:
        """Events in order; a line that is still being written is left for the next call."""
        if not self.path.is_file():
            return
        with self.path.open("rb") as stream:
            stream.seek(self._offset)
            data = stream.read()
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        yield from _events(map(parsed, whole.split(b"\n")))


def read_events(path: Path) -> list[Event]:
    """All whole lines of the file; what a power cut has damaged is left out: a step that a curve lacks, no more."""
    return list(_events(intact(path)))


def _events(lines: Iterable[dict[str, Any] | None]) -> Iterator[Event]:
    yield from (line for line in lines if line is not None and "event" in line)


def step_curves(events: list[Event]) -> dict[str, list[tuple[int, float]]]:
    """Name -> (step, value) pairs; of a step that was done again after a kill, the last one counts."""
    steps = {event["step"]: event for event in events if event["event"] == "step"}
    names = [*CURVES, *(name for name in REWARDS if any(name in step for step in steps.values()))]
    return {name: [(step, steps[step][name]) for step in sorted(steps) if name in steps[step]] for name in names}
