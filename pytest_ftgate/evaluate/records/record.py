"""A run record: the facts of one run on one golden set, and each case with its question, answers and grade."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any

from pytest_ftgate.gate.checks.result import Result
from pytest_ftgate.graders.value import Grade, Outcome, outcome_from_json
from pytest_ftgate.metrics.latency_cost import Price
from pytest_ftgate.serve.response import Response

FORMAT = 1
WHOLE = 0.95
"""Share of a set's cases with a grade from which on a record stands for the set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The first line of a record.

    run: id of the run, see `store.new_run`. at: end of the run, Unix time in seconds. set, path: name of the golden
    set and its cases as the user would type them. model: as it was named on the command line, else as people call it;
    title: the same with where it is served. digest: of the model, 64 hex digits. variant: name of the prompt variant,
    "" for the set's own. prompt: as in golden.toml. request: settings of the request. graders, cases_digest, lock:
    digests of what judges, of all cases, and of golden.lock ("" without one). git: revision, "" outside a repository;
    dirty: files differed from it. args: of pytest. price: for each million input and output tokens.
    cases: of the set. n: those with a grade; passed: of these; score: mean grade, in [0, 1], None if n is 0. lines: of
    cases that follow, answered ones without a grade too.
    """

    set: str
    path: str
    model: str
    title: str
    digest: str
    run: str = ""
    at: float = 0.0
    variant: str = ""
    prompt: Mapping[str, Any] = field(default_factory=dict)
    prompt_digest: str = ""
    request: Mapping[str, Any] = field(default_factory=dict)
    graders: str = ""
    cases_digest: str = ""
    lock: str = ""
    git: str = ""
    dirty: bool = False
    args: tuple[str, ...] = ()
    price: tuple[float, float] | None = None
    cases: int = 0
    n: int = 0
    passed: int = 0
    score: float | None = None
    lines: int = 0

    @property
    def whole(self) -> bool:
        """Whether nearly all cases of the set have a grade."""
        return self.n >= WHOLE * self.cases

    @property
    def labels(self) -> tuple[str, ...]:
        """What stands in brackets behind the ids of such a run, where it asked several models or prompts."""
        model, prompt = PurePath(self.model).name, self.variant or "base"
        return prompt, model, f"{model}-{prompt}"

    @property
    def when(self) -> datetime:
        """When the run ended, in the time zone of this machine."""
        return datetime.fromtimestamp(self.at, UTC).astimezone()

    @property
    def costs(self) -> Price | None:
        """What tokens cost; None if nobody said."""
        return Price(*self.price) if self.price else None

    def to_json(self) -> dict[str, Any]:
        """All fields, and "format"; `from_json` reads them back."""
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Facts:
        """The inverse of `to_json`; unknown keys (a newer version's) are ignored. Raises KeyError, TypeError."""
        known: dict[str, Any] = {name: data[name] for name in _FACTS if name in data}
        price = known.get("price")
        return cls(**known | {"args": tuple(known.get("args", ())), "price": tuple(price) if price else None})


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """One case of a run.

    case, input: digests of the case and of its input alone. line: in the file of the cases. question: the last user
    turn as it was sent. answers: of all repeats. outcome: the grade over all of them, None if it was not graded;
    repeats: of each, () for a case that is asked once. cached: an answer is from the response cache.
    """

    id: str
    case: str
    input: str
    line: int
    question: str
    expected: Any
    answers: tuple[Response, ...]
    outcome: Outcome | None
    repeats: tuple[Outcome, ...] = ()
    slices: Mapping[str, str] = field(default_factory=dict)
    cluster: str | None = None
    must_pass: bool = False
    cached: bool = False

    @property
    def result(self) -> Result:
        """What a comparison looks at."""
        found = self.outcome
        return Result(found.value, found.passed) if isinstance(found, Grade) else Result(None, None)

    @property
    def missed(self) -> bool:
        """Whether it was graded, and did not pass."""
        return isinstance(self.outcome, Grade) and not self.outcome.passed

    @property
    def text(self) -> str:
        """The answer, of several repeats the first."""
        return self.answers[0].text if self.answers else ""

    def to_json(self) -> dict[str, Any]:
        """All that differs from the defaults; `from_json` reads it back."""
        data: dict[str, Any] = {
            "id": self.id,
            "case": self.case,
            "input": self.input,
            "line": self.line,
            "question": self.question,
            "expected": self.expected,
            "answers": [_short(answer) for answer in self.answers],
            "outcome": None if self.outcome is None else self.outcome.to_json(),
        }
        if self.repeats:
            data["repeats"] = [each.to_json() for each in self.repeats]
        more = {"slices": dict(self.slices), "cluster": self.cluster, "must_pass": self.must_pass}
        return data | {key: value for key, value in (more | {"cached": self.cached}).items() if value}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> CaseRecord:
        """The inverse of `to_json`. Raises KeyError, TypeError for anything else."""
        known = {name: data[name] for name in _CASE if name in data}
        answers = tuple(Response.from_json({"case_id": data["id"], "model": "", **each}) for each in data["answers"])
        outcome = outcome_from_json(data["outcome"]) if data["outcome"] else None
        repeats = tuple(map(outcome_from_json, data.get("repeats", ())))
        return cls(**known | {"answers": answers, "outcome": outcome, "repeats": repeats})


@dataclass(frozen=True, slots=True)
class Record:
    """A whole record. cases: those that were answered or graded, in the order of the set."""

    facts: Facts
    cases: tuple[CaseRecord, ...]


_FACTS = tuple(each.name for each in fields(Facts))
_CASE = tuple(each.name for each in fields(CaseRecord))
_PLAIN = {each.name: each.default for each in fields(Response) if each.name not in {"case_id", "model", "queue_s"}}
"""Fields of an answer that are kept, with what they usually are."""


def _short(answer: Response) -> dict[str, Any]:
    return {name: found for name, usual in _PLAIN.items() if (found := getattr(answer, name)) != usual}
