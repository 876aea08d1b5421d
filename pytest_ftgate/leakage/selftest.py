"""(goldens, stages) -> nothing, or an error: each stage must find a golden that is planted for it, in memory."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from pytest_ftgate.data.near.hit import Stage
from pytest_ftgate.data.near.normalized import Golden, Plain, Words, bare_text, plain_of, sample_of
from pytest_ftgate.data.near.rows import Row
from pytest_ftgate.errors import SelfTestError
from pytest_ftgate.leakage.containment import Containment, tells_enough
from pytest_ftgate.leakage.disguise.letters import LEAST_WORDS, N
from pytest_ftgate.leakage.edited import Edited

Passing = Callable[[Sequence[Plain]], Sequence[int]]
"""Rows -> places of those that are not filtered out."""
Undisguised = Callable[[Sequence[Row], Sequence[Plain]], Iterable[object]]
"""Rows, and the same normalised -> the findings in those that look disguised."""
PLANTS = 10
"""The longest goldens of each script are planted until one is found; if all of them hide, the set is not guarded."""
LOOKED_AT = 20
"""Words of a text by which its script is told."""
_FILLER = ", ".join(f"zq{number}zq" for number in range(60))


def _whole(words: Words) -> str:
    return "\n  ".join(words)


def _pasted(words: Words) -> str:
    return f"{_FILLER}. {_whole(words)} {_FILLER}."


def _edited(words: Words) -> str:
    return f"{' '.join(words)} z"


def _changed(words: Words) -> str:
    return _pasted((*words[:3], "zqzq", *words[3:]))


def _entities(text: str) -> str:
    return "".join(f"&amp;#{ord(char)};" for char in text)


def _hex(text: str) -> str:
    return text.encode().hex()


def _comments(text: str) -> str:
    return text.replace(" ", "<!-- x -->")


_DISGUISES: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {"HTML entities, twice": _entities, "hexadecimal": _hex, "comments between words": _comments}
)


def _question(golden: Golden) -> Words:
    return golden.question


def _answer(golden: Golden) -> Words:
    return golden.answer


@dataclass(frozen=True, slots=True)
class _Plant:
    """How a stage is tried: the part of a golden that it looks for, the words it needs of it, the row to find it in."""

    part: Callable[[Golden], Words]
    least: int
    planted: Callable[[Words], str]


_PLANTS: Mapping[str, _Plant] = MappingProxyType(
    {
        "Exact": _Plant(_question, 1, _whole),
        "Containment": _Plant(_question, 5, _pasted),
        "Fuzzy": _Plant(_question, 5, _edited),
        "Edited": _Plant(_question, 6, _changed),
        "Answers": _Plant(_answer, 13, _pasted),
    }
)
"""By the name of the stage."""


def check_stages(goldens: Sequence[Golden], stages: Sequence[Stage]) -> None:
    """Raises SelfTestError, naming the stage and the golden, if a planted leak is not found."""
    for stage in stages:
        planted = _planted(goldens, stage)
        for of_script in _by_script({number: goldens[number].question for number in planted}):
            if not any(_finds(stage, number, planted[number]) for number in of_script):
                told = f"leakage self-test failed: stage {type(stage).__name__.lower()} missed golden case"
                raise SelfTestError(f"{told} {goldens[of_script[0]].name} planted in a row")


def check_prefilter(goldens: Sequence[Golden], stages: Sequence[Stage], passing: Passing) -> None:
    """Raises SelfTestError, naming the golden, if a row is filtered out in which a stage finds what was planted."""
    for stage in stages:
        planted = _planted(goldens, stage)
        found = [number for number, text in planted.items() if _finds(stage, number, text)]
        passed = passing([plain_of(Row("self-test", 1, {"input": planted[number]})) for number in found])
        if missed := set(range(len(found))) - set(passed):
            told = "leakage self-test failed: the prefilter dropped a row with planted golden case"
            raise SelfTestError(f"{told} {goldens[found[min(missed)]].name}")


def check_disguises(goldens: Sequence[Golden], find: Undisguised) -> None:
    """Raises SelfTestError, naming the disguise and the golden, if a disguised golden is not found."""
    longest = sorted(goldens, key=lambda golden: -len("".join(golden.bare)))[:PLANTS]
    found = (golden for golden in longest if len(golden.bare) >= LEAST_WORDS and len("".join(golden.bare)) >= N)
    texts = {golden.name: " ".join(golden.bare) for golden in found}
    planted = {name: text for name, text in texts.items() if bare_text(text) == text}
    for disguise, hide in _DISGUISES.items():
        rows = [Row("self-test", 1, {"input": hide(text)}) for text in planted.values()]
        if rows and not any(find(rows, [plain_of(row) for row in rows])):
            told = f"leakage self-test failed: {disguise} hid golden case {next(iter(planted))}"
            raise SelfTestError(f"{told} planted in a row")


def _planted(goldens: Sequence[Golden], stage: Stage) -> dict[int, str]:
    """The goldens with the longest part that a stage looks for, by number, each in its row."""
    plant = _PLANTS[type(stage).__name__]
    parts = {number: plant.part(golden) for number, golden in enumerate(goldens) if _looks_for(stage, number)}
    longest = (sorted(some, key=lambda number: -len(parts[number]))[:PLANTS] for some in _by_script(parts))
    planted = (number for some in longest for number in some if len(parts[number]) >= plant.least)
    return {number: plant.planted(parts[number]) for number in planted}


def _by_script(parts: Mapping[int, Words]) -> Collection[list[int]]:
    """The numbers of the parts in each script, in their order; the script of a part is that of most of its first words.

    What is found in one script may be lost in another: each must find its own.
    """
    scripts: defaultdict[str, list[int]] = defaultdict(list)
    for number, words in parts.items():
        [(script, _)] = Counter(map(_script, words[:LOOKED_AT])).most_common(1) or [("", 0)]
        scripts[script].append(number)
    return scripts.values()


def _script(word: str) -> str:
    """Such as "LATIN", "THAI" or "CJK", of its first letter; "" of a word without one."""
    return next((_script_of(char) for char in word if char.isalpha()), "")


@lru_cache(maxsize=4096)
def _script_of(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0]


def _looks_for(stage: Stage, number: int) -> bool:
    if isinstance(stage, Containment):
        return tells_enough(stage.indexed[number].words)
    return not isinstance(stage, Edited) or number in stage.indexed


def _finds(stage: Stage, number: int, text: str) -> bool:
    sample = sample_of(Row("self-test", 1, {"input": text}))
    return any(hit.golden == number for hit in stage.find(sample))
