"""(goldens, stages) -> nothing, or an error: each stage must find a golden that is planted for it, in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from pytest_ftgate.errors import SelfTestError
from pytest_ftgate.leakage.report import Stage
from pytest_ftgate.leakage.rows import Row
from pytest_ftgate.leakage.sample import Golden, Plain, plain_of, sample_of

Passing = Callable[[Sequence[Plain]], Sequence[int]]
"""Rows -> places of those that are not filtered out."""
PLANTS = 10
"""The longest goldens are planted until one is found; a set whose ten longest all hide is not guarded."""
_FILLER = ", ".join(f"zq{number}zq" for number in range(60))


def _whole(golden: Golden) -> str:
    return "\n  ".join(golden.question)


def _pasted(golden: Golden) -> str:
    return f"{_FILLER}. {_whole(golden)} {_FILLER}."


def _edited(golden: Golden) -> str:
    return f"{' '.join(golden.question)}x"


_PLANTS: Mapping[str, tuple[int, Callable[[Golden], str]]] = MappingProxyType(
    {"Exact": (1, _whole), "Containment": (5, _pasted), "Fuzzy": (5, _edited)}
)
"""For each stage: the words a golden needs to be guarded by it, and the text of a row with the golden planted."""


def check_stages(goldens: Sequence[Golden], stages: Sequence[Stage]) -> None:
    """Raises SelfTestError, naming the stage and the golden, if a planted leak is not found."""
    longest = sorted(range(len(goldens)), key=lambda number: -len(goldens[number].question))[:PLANTS]
    for stage in stages:
        name = type(stage).__name__
        least, plant = _PLANTS[name]
        planted = [number for number in longest if len(goldens[number].question) >= least]
        if planted and not any(_finds(stage, number, plant(goldens[number])) for number in planted):
            told = f"the leakage check does not work: stage {name.lower()} did not find golden"
            raise SelfTestError(f"{told} {goldens[planted[0]].name} in a row in which it was planted")


def check_prefilter(goldens: Sequence[Golden], stages: Sequence[Stage], passing: Passing) -> None:
    """Raises SelfTestError, naming the golden, if a row is filtered out in which a stage finds what was planted."""
    for stage in stages:
        least, plant = _PLANTS[type(stage).__name__]
        some = [number for number, golden in enumerate(goldens) if len(golden.question) >= least][:PLANTS]
        planted = {number: plant(goldens[number]) for number in some}
        found = [number for number, text in planted.items() if _finds(stage, number, text)]
        passed = passing([plain_of(Row("self-test", 1, {"input": planted[number]})) for number in found])
        if missed := set(range(len(found))) - set(passed):
            told = "the leakage check does not work: its filter drops a row in which golden"
            raise SelfTestError(f"{told} {goldens[found[min(missed)]].name} was planted")


def _finds(stage: Stage, number: int, text: str) -> bool:
    sample = sample_of(Row("self-test", 1, {"input": text}))
    return any(hit.golden == number for hit in stage.find(sample))
