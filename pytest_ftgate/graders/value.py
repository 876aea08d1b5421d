"""What graders are made of: outcomes, their JSON, the protocol, and the base of the built-in kinds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.files.short_repr import short_repr
from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.source_files import SourceFile
from pytest_ftgate.serve.response import Response


class GraderError(FtgateError):
    """A grader cannot be made from its spec, or cannot judge a case as it is written."""


@dataclass(frozen=True, slots=True)
class Grade:
    """What an answer is worth.

    value: 0 (worthless) to 1 (right). passed: value >= the grader's threshold; of several graders, all passed.
    reason: what was found and what was expected, one line. grader: its name, "exact@1"; of several, joined with " + ".
    """

    value: float
    reason: str
    grader: str
    passed: bool

    def __bool__(self) -> bool:
        """Whether it passed, so that `assert grade` holds for a right answer only."""
        return self.passed

    def __repr__(self) -> str:
        """In one line, for assertions."""
        return short_repr(self, self.value, self.reason, passed=self.passed)

    def to_json(self) -> dict[str, Any]:
        """All fields, and "outcome": "grade"; `outcome_from_json` reads them back."""
        return {
            "outcome": "grade",
            "value": self.value,
            "reason": self.reason,
            "grader": self.grader,
            "passed": self.passed,
        }


@dataclass(frozen=True, slots=True)
class Unscored:
    """The grader cannot judge this answer: a skip with its reason, never a score, and not true."""

    reason: str
    grader: str

    def __bool__(self) -> bool:
        """False: it did not pass."""
        return False

    def to_json(self) -> dict[str, Any]:
        """All fields, and "outcome": "unscored"; `outcome_from_json` reads them back."""
        return {"outcome": "unscored", "reason": self.reason, "grader": self.grader}


@dataclass(frozen=True, slots=True)
class Failure:
    """The grader or the API broke: nothing is known of the answer, nothing may be scored, and it is not true."""

    reason: str
    grader: str

    def __bool__(self) -> bool:
        """False: it did not pass."""
        return False

    def to_json(self) -> dict[str, Any]:
        """All fields, and "outcome": "failure"; `outcome_from_json` reads them back."""
        return {"outcome": "failure", "reason": self.reason, "grader": self.grader}


Outcome = Grade | Unscored | Failure

_OUTCOMES: Mapping[str, type[Grade | Unscored | Failure]] = {"grade": Grade, "unscored": Unscored, "failure": Failure}


def outcome_from_json(data: Mapping[str, Any]) -> Outcome:
    """The inverse of `to_json` of the three outcomes. Raises KeyError or TypeError for anything else."""
    made = _OUTCOMES[data["outcome"]]
    return made(**{name: value for name, value in data.items() if name != "outcome"})


class Grader(Protocol):
    """A frozen value that judges answers; the same answer always gets the same outcome."""

    @property
    def name(self) -> str:
        """Kind and version, "exact@1": a stored grade tells which rules made it."""

    def __call__(self, case: Case, response: Response) -> Outcome:
        """Judge a finished, non-empty answer. May raise: `grade_case` makes a Failure of it."""

    def check(self, case: Case) -> None:
        """Raises GraderError if the case, as it is written, cannot be judged by this grader."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Base of the built-in graders: the fields of a kind are the options that its spec may have.

    Each kind ends its docstring with an example, whose last line names an expected value, a right and a wrong answer.
    threshold: lowest value with which a case passes, 0 to 1.
    """

    kind: ClassVar[str]
    version: ClassVar[int] = 1

    threshold: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.threshold <= 1:
            raise GraderError(f"threshold is {self.threshold}; must be between 0 and 1")

    @property
    def name(self) -> str:
        """Kind and version, "exact@1"."""
        return f"{self.kind}@{self.version}"

    @property
    def reads_calls(self) -> bool:
        """Whether it looks at tool calls, so that a response without any text may be an answer."""
        return False

    @property
    def inner(self) -> tuple[Grader, ...]:
        """The graders that this one asks; () for most."""
        return ()

    def with_inner(self, change: Callable[[Grader], Grader]) -> Self:  # noqa: ARG002  there is none to change
        """The same with each of its `inner` graders changed."""
        return self

    @property
    def code(self) -> Mapping[str, SourceFile]:
        """The files of the project whose code decides, by name of the module; {} for most."""
        return {}

    def check(self, case: Case) -> None:
        """Raises GraderError if the case, as it is written, cannot be judged; a kind that needs nothing never does."""

    def __call__(self, case: Case, response: Response) -> Outcome:
        """Judge a finished, non-empty answer; each kind has its own."""
        raise NotImplementedError

    def grade(self, value: float, reason: str) -> Grade:
        """The grade of this kind, passed if the value reaches the threshold."""
        return Grade(value, reason, self.name, value >= self.threshold)

    def right(self, found: str) -> Grade:
        """1.0, showing what was found."""
        return Grade(1.0, found, self.name, passed=True)

    def wrong(self, reason: str) -> Grade:
        """0.0 with its reason."""
        return self.grade(0.0, reason)
