"""Records of two runs -> which are compared: of the same set, and of several models or prompts like with like."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass

from pytest_ftgate.errors import RecordError
from pytest_ftgate.evaluate.records.record import Facts
from pytest_ftgate.evaluate.records.store import Stored
from pytest_ftgate.golden.spec import BASE_PROMPT

_LIKE: tuple[Callable[[Facts], Hashable], ...] = (
    lambda facts: (facts.digest, facts.variant),
    lambda facts: facts.variant,
    lambda facts: facts.digest,
)
"""What makes two records alike, the strictest first: model and prompt, the prompt, the model."""


@dataclass(frozen=True, slots=True)
class Paired:
    """pairs: (then, now). only_then, only_now: records that are compared with none."""

    pairs: tuple[tuple[Stored, Stored], ...]
    only_then: tuple[Stored, ...]
    only_now: tuple[Stored, ...]


def paired(then: Sequence[Stored], now: Sequence[Stored]) -> Paired:
    """Of the same golden set; of two different ones if each side has one.

    Raises RecordError if nothing can be compared, if it is not clear what with, or if it is with itself.
    """
    sets = _sets(then), _sets(now)
    if all(len(side) == 1 for side in sets):
        pairs = _alike(then, now)
    else:
        pairs = [
            pair for name in sets[0] if name in sets[1] for pair in _alike(_of_set(then, name), _of_set(now, name))
        ]
    if not pairs:
        named = " and ".join(", ".join(sorted(side)) for side in sets)
        raise RecordError(f"no golden set in common: {named}; choose one run of one set each, see ftgate runs")
    for old, new in pairs:
        if old.path == new.path and old.facts == new.facts:
            raise RecordError(f"both are {_called(old.facts)}{_others(old, (*then, *now))}; see ftgate runs")
    return Paired(
        tuple(pairs),
        tuple(each for each in then if not any(each is old for old, _ in pairs)),
        tuple(each for each in now if not any(each is new for _, new in pairs)),
    )


def _alike(then: Sequence[Stored], now: Sequence[Stored]) -> list[tuple[Stored, Stored]]:
    """Records of one set on either side, by the first of `_LIKE` that tells all of them apart and fits some."""
    if len(then) == len(now) == 1:
        return [(then[0], now[0])]
    for like in _LIKE:
        old, new = ({like(each.facts): each for each in side} for side in (then, now))
        if len(old) == len(then) and len(new) == len(now) and (shared := [key for key in new if key in old]):
            return [(old[key], new[key]) for key in shared]
    asked = " and ".join(", ".join(prompt_of(each.facts) for each in side) for side in (then, now))
    raise RecordError(f"{now[0].facts.set}: {asked} are not alike; name one model or prompt on each side")


def prompt_of(facts: Facts) -> str:
    """Model and prompt of a record as a person names them: "a, prompt v2"."""
    return f"{facts.model}, prompt {facts.variant or BASE_PROMPT}"


def _called(facts: Facts) -> str:
    return f"run {facts.run} of {facts.set} ({prompt_of(facts)})"


def _others(one: Stored, given: Iterable[Stored]) -> str:
    """What else the same run asked of the set, and so can be named instead."""
    same_set = [each.facts for each in given if (each.facts.run, each.facts.set) == (one.facts.run, one.facts.set)]
    others = dict.fromkeys(prompt_of(facts) for facts in same_set if prompt_of(facts) != prompt_of(one.facts))
    return f"; that run asked also: {'; '.join(others)}: name two models or prompts" if others else ""


def _sets(side: Iterable[Stored]) -> dict[str, None]:
    return {each.facts.set: None for each in side}


def _of_set(side: Iterable[Stored], name: str) -> list[Stored]:
    return [each for each in side if each.facts.set == name]
