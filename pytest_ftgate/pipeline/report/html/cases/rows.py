"""(CaseRecord, answers of other models to the case) -> one row of the table as JSON values with short keys."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_ftgate.evaluate.records.record import CaseRecord
from pytest_ftgate.files.secrets import mask
from pytest_ftgate.graders.value import Grade, Outcome
from pytest_ftgate.serve.response import Response

Answer = dict[str, Any]
"""What one model answered to one case.

t: text, of several repeats the first that ended as the case did. p: whether it passed, 0 or 1, and v: its value where
that is neither; both are missing without a grade, and o says why: "unscored", "failure" or "none". r: reason.
g: grader. f: finish reason other than "stop", e: error, w: the server's own word. n: tokens of prompt and completion.
s: seconds. k: reasoning. c: tool calls. u: answers to earlier turns. h: from the cache. z: characters of a text that
was cut. m: the repeats, each with these keys.
"""
Row = dict[str, Any]
"""s: index of its set. i: id. l: line. q: question. e: expected. x: slices. k: cluster. m: must pass. a: an Answer or
None for each column of the set. z: characters of a question that was cut.
"""
ORDER = ("broken", "wrong", "error", "fixed", "right")
"""What a reader looks for first."""


@dataclass(frozen=True, slots=True)
class Limit:
    """characters: of a text that are shown; more are cut, and the row says how many there were."""

    characters: int

    def cut(self, text: str, key: str = "t") -> dict[str, Any]:
        """The text under its key, secrets masked, and its length under z if it is cut."""
        shown = {key: mask(text[: self.characters])}
        return shown | {"z": len(text)} if len(text) > self.characters else shown


def row_of(case: CaseRecord, place: int, others: Sequence[Answer | None], limit: Limit) -> Row:
    """place: of its set. others: of the other columns, in their order."""
    more = {"x": dict(case.slices), "k": case.cluster, "m": int(case.must_pass)}
    expected = case.expected if isinstance(case.expected, str) else json.dumps(case.expected, ensure_ascii=False)
    row: Row = {"s": place, "i": case.id, "l": case.line, **limit.cut(case.question, "q")}
    row["e"] = limit.cut(expected if case.expected is not None else "")["t"]
    row["a"] = [answer_of(case, limit), *others]
    return row | {key: value for key, value in more.items() if value}


def answer_of(case: CaseRecord, limit: Limit) -> Answer:
    """Of a run record."""
    shown: Answer = _response(_telling(case), limit) if case.answers else {"t": ""}
    answer: Answer = shown | _outcome(case.outcome) | ({"h": 1} if case.cached else {})
    if len(case.answers) > 1:
        outcomes: Sequence[Outcome | None] = case.repeats or [None] * len(case.answers)
        pairs = zip(case.answers, outcomes, strict=False)
        answer["m"] = [_response(response, limit) | _outcome(outcome) for response, outcome in pairs]
    return answer


def _telling(case: CaseRecord) -> Response:
    """Of several repeats the first that passed or not as the case did."""
    pairs = zip(case.answers, case.repeats or (), strict=False)
    passed = isinstance(case.outcome, Grade) and case.outcome.passed
    same = (response for response, each in pairs if (isinstance(each, Grade) and each.passed) == passed)
    return next(same, case.answers[0])


def side_answer(kept: Mapping[str, Any], limit: Limit) -> Answer:
    """Of a file of `report.sides`: value, passed and text are all that is kept of it."""
    return limit.cut(str(kept["text"])) | _worth(float(kept["value"]), passed=bool(kept["passed"]))


def status_of(row: Row, other: int | None, own: int = 1) -> str:
    """One of ORDER: what became of a case from the column of that index to the first. "right" and "wrong" mean that
    both are, or that there is nothing to compare with. own: how many columns this run tested: of several the first is
    what each later one is compared with.
    """
    ours, before = row["a"][0], row["a"][other] if other is not None else None
    if other is not None and other < own and before is not None:
        ours, before = before, ours
    passed, then = ours.get("p"), before.get("p") if before else None
    if passed is None:
        return "error"
    if then is None or passed == then:
        return "right" if passed else "wrong"
    return "fixed" if passed else "broken"


def is_different(row: Row, other: int | None) -> bool:
    """Whether the two answered something else."""
    before = row["a"][other] if other is not None else None
    return before is not None and before["t"] != row["a"][0]["t"]


def longest(cases: Iterable[CaseRecord]) -> list[int]:
    """Characters of each text of the cases, for `limit_for`."""
    return [len(text) for case in cases for text in (case.question, *(each.text for each in case.answers))]


def limit_for(lengths: Sequence[int], budget: int) -> Limit:
    """The most generous limit with which all texts together stay below so many characters, never less than the last."""
    for characters in _LIMITS:
        if sum(min(length, characters) for length in lengths) <= budget:
            break
    return Limit(characters)


_LIMITS = (20_000, 5_000, 2_000, 600)


def _response(response: Response, limit: Limit) -> Answer:
    more = {
        "f": response.finish_reason if response.finish_reason != "stop" else "",
        "e": mask(response.error),
        "w": response.stop_reason,
        "n": [response.prompt_tokens, response.completion_tokens] if response.completion_tokens else None,
        "s": round(response.total_s, 3),
        "k": limit.cut(response.reasoning)["t"],
        "c": limit.cut(response.calls)["t"],
        "u": [limit.cut(turn)["t"] for turn in response.turns],
    }
    return limit.cut(response.text) | {key: value for key, value in more.items() if value}


def _outcome(outcome: Outcome | None) -> Answer:
    if outcome is None:
        return {"o": "none"}
    told = {"r": mask(outcome.reason), "g": outcome.grader}
    if isinstance(outcome, Grade):
        return told | _worth(outcome.value, passed=outcome.passed)
    return told | {"o": outcome.to_json()["outcome"]}


def _worth(value: float, *, passed: bool) -> Answer:
    return {"p": int(passed)} | ({} if value == int(passed) else {"v": round(value, 4)})
