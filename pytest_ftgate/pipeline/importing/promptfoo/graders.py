"""Assertions of one test of promptfoo -> the graders of one case, and what a judge is asked about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import FileFaults, FtgateError
from pytest_ftgate.files.text import read_text
from pytest_ftgate.graders.grade import compile_grader
from pytest_ftgate.pipeline.importing.imported import Losses
from pytest_ftgate.pipeline.importing.promptfoo.assertions import Assertion
from pytest_ftgate.pipeline.importing.promptfoo.document import FILE, JSON, YAML, Place, read_document
from pytest_ftgate.pipeline.importing.promptfoo.javascript import javascript
from pytest_ftgate.pipeline.importing.promptfoo.kinds import (
    ASSERT_SET,
    CARRIED,
    JUDGED,
    NOT_CARRIED,
    Asked,
    NotCarriedError,
    Spec,
    all_or_nothing,
    negated,
    requirement,
)
from pytest_ftgate.pipeline.importing.promptfoo.templates import NotSameError, filled, is_template

JUDGE: Spec = {"kind": "judge"}
JAVASCRIPT = "javascript"
_PROGRAMS = (".js", ".cjs", ".mjs", ".ts", ".py", ".rb")
_KNOWN = frozenset({"type", "value", "threshold", "weight", "metric", "assert", "provider", "config"})
"""Keys of an assertion that are read, or are settings of a provider or a program."""
_BY_THRESHOLD = (ASSERT_SET, "rouge-n", "not-rouge-n")
"""Types that pass by their threshold."""


@dataclass(slots=True)
class CaseGraders:
    """What the assertions of one test become, with its variables put in.

    graders: as in cases.jsonl; of several judged assertions one `judge`. requirements: what the judge is asked.
    expected: the case's, None if no grader needs it. metrics: whether a metric was named. strict_json: whether JSON
    inside a text was asked for. weights: whether there are weights that decide nothing. case: the case, for `Losses`.
    """

    folder: Path
    variables: Mapping[str, Any]
    losses: Losses
    judged: bool = False
    graders: list[Spec] = field(default_factory=list)
    requirements: list[str] = field(default_factory=list)
    expected: Any = None
    metrics: bool = False
    weights: bool = False
    strict_json: bool = False
    case: object = field(default_factory=object)

    def add(self, assertions: Iterable[Assertion], threshold: float | None) -> None:
        """All assertions of the test; threshold: least weighted mean with which it passes, None if all must pass."""
        several = tuple(assertions)
        self.judged = any(map(_is_judged, several))
        if threshold is not None and sum(map(_judged_in, several)) > 1:
            place = several[0].place
            why = (
                "is not kept: several rubrics are judged at once, so that they have no mean; here all graders must pass"
            )
            self.losses.add_of(self.case, place.path, place.line, f"threshold {threshold:g}", why)
            threshold = None
        made = self._several(several)
        specs = [spec for spec, _ in made]
        if threshold is None:
            self.weights |= any(weight != 1 for _, weight in made)
            self.graders = [spec for number, spec in enumerate(specs) if spec not in specs[:number]]
        elif specs:
            self.graders = [self._mean(made, threshold, several[0].place)]

    def _mean(self, made: list[tuple[Spec, float]], threshold: float, place: Place) -> Spec:
        """One grader of all; with a threshold that is none, all must pass."""
        try:
            return _weighted(made, threshold)
        except NotCarriedError as error:
            why = f"{error}; here all graders must pass"
            self.losses.add_of(self.case, place.path, place.line, f"threshold {threshold:g}", why)
            return {"kind": "all_of", "graders": [spec for spec, _ in made]}

    def _several(self, assertions: Iterable[Assertion]) -> list[tuple[Spec, float]]:
        return [(made, _weight(each)) for each in assertions if (made := self._one(each)) is not None]

    def _one(self, assertion: Assertion) -> Spec | None:
        """The grader of an assertion; None if it is noted as lost."""
        written = str(assertion.data.get("type") or "")
        try:
            self._check_keys(assertion)
            if written == ASSERT_SET:
                return self._set(assertion)
            return self._grader(written, assertion)
        except (NotCarriedError, NotSameError) as error:
            what = written or "assertion"
            self.losses.add_of(self.case, assertion.place.path, assertion.place.line, what, str(error))
            return None

    def _check_keys(self, assertion: Assertion) -> None:
        """Raises NotCarriedError for what changes the meaning of an assertion."""
        data = assertion.data
        self.metrics |= "metric" in data
        if not data.get("type"):
            raise NotCarriedError("has no type")
        if data.get("weight") == 0:
            raise NotCarriedError("has the weight 0, with which it decides nothing")
        for key in ("threshold", "weight"):
            if isinstance(data.get(key, 0), bool) or not isinstance(data.get(key, 0), int | float | None):
                raise NotCarriedError(f"its {key} is no number")
        if data.get("threshold") == 0 and data.get("type") in _BY_THRESHOLD:
            raise NotCarriedError("has the threshold 0, with which every answer passes")
        if strange := [str(key) for key in data if key not in _KNOWN]:
            raise NotCarriedError(f"its `{strange[0]}` is not carried over")

    def _set(self, assertion: Assertion) -> Spec:
        threshold = _threshold(assertion.data)
        if threshold is not None and sum(map(_judged_in, assertion.inner)) > 1:
            raise NotCarriedError(
                "a threshold over several rubrics is not carried over: the judge is asked all at once"
            )
        made = self._several(assertion.inner)
        if not made:
            raise NotCarriedError("nothing of it is left")
        if threshold is not None:
            return _weighted(made, threshold)
        self.weights |= any(weight != 1 for _, weight in made)
        return made[0][0] if len(made) == 1 else {"kind": "all_of", "graders": [spec for spec, _ in made]}

    def _grader(self, written: str, assertion: Assertion) -> Spec:
        kind, holds = written.removeprefix("not-"), not written.startswith("not-")
        if kind == JAVASCRIPT and isinstance(code := assertion.data.get("value"), str) and not is_template(code):
            spec = javascript(Asked(code, _threshold(assertion.data), _never))
            return spec if holds else negated(spec)
        if kind in NOT_CARRIED or kind.startswith("promptfoo:redteam:"):
            raise NotCarriedError(NOT_CARRIED.get(kind, "belongs to red teaming, which is not done here"))
        if kind not in CARRIED and kind not in JUDGED:
            raise NotCarriedError("is no type of assertion that is known")
        value, threshold = self._value(assertion.data.get("value")), _threshold(assertion.data)
        if kind in JUDGED:
            return self._judge(kind, Asked(value, threshold, _never), holds, assertion.place)
        spec = CARRIED[kind](Asked(value, threshold, self._expect if holds else _never))
        self.strict_json |= kind == "contains-json"
        spec = spec if holds else negated(spec)
        try:
            compile_grader(spec, self.folder)
        except FtgateError as error:
            raise NotCarriedError(str(error).splitlines()[0]) from None
        return spec

    def _judge(self, kind: str, asked: Asked, holds: bool, place: Place) -> Spec:
        self.requirements.append(requirement(kind, asked.text, holds=holds))
        if asked.threshold is not None:
            why = "is not kept: our judge answers a requirement with yes or no"
            self.losses.add_of(self.case, place.path, place.line, f"threshold {asked.threshold:g} of {kind}", why)
        return dict(JUDGE)

    def _expect(self, value: Any) -> bool:
        """Make a value the case's `expected`. What a judge requires is written there too, so that it goes before."""
        if self.judged or self.expected not in (None, value):
            return False
        self.expected = value
        return True

    def _value(self, value: Any) -> Any:
        """The value with files read and variables put in. Raises NotCarriedError, NotSameError."""
        if isinstance(value, list):
            return [self._value(each) for each in value]
        if not isinstance(value, str):
            return value
        return self._of_file(value.removeprefix(FILE)) if value.startswith(FILE) else filled(value, self.variables)

    def _of_file(self, name: str) -> Any:
        path = self.folder / name
        if path.suffix in _PROGRAMS or Path(name.partition(":")[0]).suffix in _PROGRAMS:
            raise NotCarriedError("its value comes from a program, which is not run here")
        try:
            return read_document(path).data if path.suffix in (*YAML, *JSON) else read_text(path).strip()
        except FileFaults as error:
            raise NotCarriedError(f"its value: {error.faults[0]}") from None


def _never(_value: Any) -> bool:
    return False


def _weighted(made: list[tuple[Spec, float]], threshold: float) -> Spec:
    if threshold == 0:
        raise NotCarriedError("lets every answer pass")
    if not 0 <= threshold <= 1:
        raise NotCarriedError("is not between 0 and 1, as the mean of assertions is")
    graders, weights = [all_or_nothing(spec) for spec, _ in made], [weight for _, weight in made]
    alike = all(weight == weights[0] for weight in weights)
    spec: Spec = {"kind": "weighted", "threshold": threshold, "graders": graders}
    return spec if alike else {**spec, "weights": weights}


def _weight(assertion: Assertion) -> float:
    weight = assertion.data.get("weight", 1)
    return weight if isinstance(weight, int | float) and weight > 0 else 1


def _threshold(data: Mapping[str, Any]) -> float | None:
    found = data.get("threshold")
    return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None


def _is_judged(assertion: Assertion) -> bool:
    return _judged_in(assertion) > 0


def _judged_in(assertion: Assertion) -> int:
    """How many rubrics an assertion asks about, those of a set together."""
    return sum(map(_judged_in, assertion.inner)) + (
        str(assertion.data.get("type") or "").removeprefix("not-") in JUDGED
    )
