"""Examples -> where personal data and keys are in them, and the same without."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pytest_ftgate.data.pii.credentials import credentials
from pytest_ftgate.data.pii.personal import personal_data
from pytest_ftgate.data.pii.placeholders import redacted_value
from pytest_ftgate.errors import FtgateError
from pytest_ftgate.pipeline.starting.example import Example, text_of
from pytest_ftgate.pipeline.starting.reading import LeftOut

Choice = Literal["allow", "redact", "drop"]
CHOICES: tuple[Choice, ...] = ("redact", "drop", "allow")
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Personal:
    """places: of rows with personal data. kinds: in how many rows each is. secrets: of rows with keys or passwords."""

    places: tuple[str, ...]
    kinds: Counter[str]
    secrets: tuple[str, ...]

    def __str__(self) -> str:
        kinds = ", ".join(f"{kind} in {count:,}" for kind, count in self.kinds.most_common())
        parts = [f"personal data in {_named(self.places)}: {kinds}"] if self.places else []
        parts += [f"keys or passwords in {_named(self.secrets)}"] if self.secrets else []
        return "; ".join(parts)


class PersonalError(FtgateError):
    """Somebody must say what becomes of personal data."""

    def __init__(self, found: Personal) -> None:
        self.found = found
        super().__init__(
            f"{found}\n    say what becomes of them, in golden cases and training rows alike: --pii redact "
            "(<PHONE> in their place), --pii drop (leave these rows out), --pii allow (keep personal data; keys are "
            "left out)"
        )


def personal_in(examples: Sequence[Example]) -> Personal:
    """All that is found, by patterns and checksums; names and addresses are not."""
    kinds: Counter[str] = Counter()
    places, secrets = list[str](), list[str]()
    for example in examples:
        text = _text(example)
        if found := personal_data(text):
            kinds.update(found)
            places.append(example.place)
        if credentials(text):
            secrets.append(example.place)
    return Personal(tuple(places), kinds, tuple(secrets))


def settled(examples: Sequence[Example], found: Personal, choice: Choice | None, left: LeftOut) -> list[Example]:
    """The examples as the choice wants them. Raises PersonalError if something was found and nothing was chosen."""
    if not found.places and not found.secrets:
        return list(examples)
    if choice is None:
        raise PersonalError(found)
    if choice == "redact":
        clusters = {name: f"cluster-{number}" for number, name in enumerate(dict.fromkeys(e.cluster for e in examples))}
        return [_redacted(example, clusters[example.cluster]) for example in examples]
    out = dict.fromkeys(found.secrets, "keys or passwords")
    if choice == "drop":
        out = dict.fromkeys(found.places, "personal data") | out
    for place, reason in out.items():
        left.add(reason, place)
    return [example for example in examples if example.place not in out]


def _redacted(example: Example, cluster: str) -> Example:
    """cluster: a name for its cluster, where its own says something of a person; an id that does is taken out."""
    asked = example.input
    if isinstance(asked, list):
        asked = [{**turn, "content": redacted_value(turn["content"])} for turn in asked]
    else:
        asked = redacted_value(asked)
    return replace(
        example,
        input=asked,
        expected=redacted_value(example.expected),
        slices=redacted_value(example.slices),
        id=example.id if redacted_value(example.id) == example.id else "",
        cluster=example.cluster if redacted_value(example.cluster) == example.cluster else cluster,
    )


def _text(example: Example) -> str:
    """All that is written of it."""
    return "\n".join([text_of(example.input), example.answer, example.id, example.cluster, *example.slices.values()])


def _named(places: Sequence[str]) -> str:
    more = f" and {len(places) - _SHOWN:,} more" if len(places) > _SHOWN else ""
    return f"{len(places):,} row{'s' * (len(places) > 1)} ({', '.join(places[:_SHOWN])}{more})"
