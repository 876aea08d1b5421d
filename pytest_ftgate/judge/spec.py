"""[judge] of a golden set -> JudgeSpec: who judges, by which rubric, how often; and the digest of all that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.files.digest import digest_of
from pytest_ftgate.judge.prompt import prompts_digest
from pytest_ftgate.judge.rubric import Rubric, RubricError, make_rubric

if TYPE_CHECKING:
    from pytest_ftgate.serve.api.settings import Settings

Join = Literal["majority", "mean"]
GOOD_LEVEL = 4
"""Least level of 1 to 5 that counts as good, where people and judge are compared on good or not."""

OWN_KEYS = frozenset({"criteria", "checklist", "reference", "panel", "repeats", "join", "compare", "good_level"})
"""Keys of [judge] that are ours; all others are the provider's."""


class JudgeError(FtgateError):
    """[judge] cannot be used as written, or a judge cannot be asked."""


@dataclass(frozen=True)
class JudgeSpec:
    """A judge: models, rubric and prompts.

    panel: the provider's settings of each model. repeats: how often each is asked. join: how several votes become one
    verdict, see `panel.joined`. compare: whether it also compares candidate and champion in the gate check `judge`.
    good_level: see GOOD_LEVEL.
    """

    rubric: Rubric
    panel: tuple[Settings, ...]
    repeats: int = 1
    join: Join = "majority"
    compare: bool = False
    good_level: int = GOOD_LEVEL

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models."""
        return tuple(each.model for each in self.panel)

    @property
    def title(self) -> str:
        """For people: "claude-haiku-5-5", "a + b, 3 repeats each"."""
        names = " + ".join(self.models)
        return names if self.repeats == 1 else f"{names}, {self.repeats} repeats each"

    @cached_property
    def digest(self) -> str:
        """sha256 of models, prompts, rubric, repeats and join: not of where it is asked."""
        return digest_of(self.to_json())

    def to_json(self) -> dict[str, Any]:
        """What the digest is made of."""
        models = [[each.api, each.model, each.thinking, each.structured, each.max_tokens] for each in self.panel]
        asked = {"models": models, "repeats": self.repeats, "join": self.join, "good_level": self.good_level}
        return asked | {"rubric": self.rubric.to_json(), "prompts": prompts_digest()}


def read_judge(table: Mapping[str, Any], where: str = "[judge]") -> JudgeSpec:
    """The judge of a table; keys that are not OWN_KEYS are settings of the provider, for all of the panel.

    panel: tables with settings of one model each, on top of the others. Raises JudgeError with every fault.
    """
    from pytest_ftgate.errors import ProviderError
    from pytest_ftgate.serve.api.settings import read_settings

    shared = {key: value for key, value in table.items() if key not in OWN_KEYS}
    faults: list[str] = []
    panel: list[Settings] = []
    for own in table.get("panel", ({},)):
        try:
            panel.append(read_settings({**shared, **own}, where))
        except ProviderError as error:
            faults.append(str(error))
    try:
        rubric = _rubric(table)
    except RubricError as error:
        faults.append(f"{where}: {error}")
    faults += [f"{where}: {fault}" for fault in _faults(table)]
    if faults:
        raise JudgeError("\n".join(dict.fromkeys(faults)))
    return JudgeSpec(
        rubric,
        tuple(panel),
        int(table.get("repeats", 1)),
        table.get("join", "majority"),
        bool(table.get("compare", False)),
        int(table.get("good_level", GOOD_LEVEL)),
    )


def judge_at(model: str, url: str) -> JudgeSpec:
    """A judge by address alone, with no rubric of its own. url: of an OpenAI-compatible server if it ends in /v1.

    Both may be empty: then it is the provider's small Claude. Raises JudgeError.
    """
    table = {"model": model, "base_url": url} | ({"api": "openai"} if url.rstrip("/").endswith("/v1") else {})
    return read_judge({key: value for key, value in table.items() if value}, "ftgate_judge_url, ftgate_judge_model")


def _rubric(table: Mapping[str, Any]) -> Rubric:
    return make_rubric(table.get("criteria"), table.get("checklist"), reference=bool(table.get("reference", False)))


def _faults(table: Mapping[str, Any]) -> Sequence[str]:
    """What the schema of the golden set sees too, for tables that come from elsewhere."""
    found = []
    if not _whole(table.get("repeats", 1), 1, 99):
        found.append(f"repeats must be an integer from 1 to 99; found {table['repeats']!r}")
    if table.get("join", "majority") not in {"majority", "mean"}:
        found.append(f"join must be majority or mean; found {table['join']!r}")
    if not _whole(table.get("good_level", GOOD_LEVEL), 2, 5):
        found.append(f"good_level must be an integer from 2 to 5; found {table['good_level']!r}")
    return found


def _whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
