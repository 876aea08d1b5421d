"""Class of an eval -> graders: what each of the basic ones counts as right."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pytest_ftgate.pipeline.importing.case_builder import Draft
from pytest_ftgate.pipeline.importing.chosen_grader import JUDGE_NOTE
from pytest_ftgate.pipeline.importing.promptfoo.judge import judge_of
from pytest_ftgate.serve.api.settings import SMALL_CLAUDE


class NotCarried(Exception):  # noqa: N818 - a state of an eval, always caught by what imports it
    """The eval, or a sample of it, cannot be carried over; the text says why."""


@dataclass(frozen=True, slots=True)
class EvalClass:
    """How a class judges.

    grader: spec for all samples. expected_key: of a sample, what makes an answer right. args, sample_keys: what it
    reads of them besides the usual. max_tokens: longest answer, None if the class does not say. judge: [judge], if one
    is asked. stricter: what it takes as right and our grader does not; "" if they agree. notes: for the user.
    """

    name: str
    grader: Mapping[str, Any]
    args: frozenset[str] = frozenset()
    sample_keys: frozenset[str] = frozenset()
    max_tokens: int | None = None
    judge: Mapping[str, Any] | None = None
    stricter: str = ""
    notes: Sequence[str] = ()
    is_json: bool = False
    expected_key: str = "ideal"

    def judged(self, sample: Mapping[str, Any]) -> dict[str, Any]:
        """`expected` of a case. Raises NotCarried."""
        ideal = sample.get(self.expected_key)
        if self.expected_key == "ideal" and self.judge is not None and "checklist" in self.judge:
            return {} if ideal is None else {"expected": ideal}
        ideals = ideal if isinstance(ideal, list) else [ideal]
        if not ideals or not all(isinstance(each, str) and each.strip() for each in ideals):
            raise NotCarried(f"its {self.expected_key} is {ideal!r:.60}, expected a text or texts")
        if self.is_json:
            ideals = [_json(str(each)) for each in ideals]
        return {"expected": ideals if len(ideals) > 1 else ideals[0]}

    def finish(self, drafts: Sequence[Draft]) -> bool:
        """Make the expected values alike; whether each is a list of right answers."""
        several = [isinstance(draft.data.get("expected"), list) for draft in drafts]
        if self.grader["kind"] != "exact" or not any(several):
            return False
        for draft, is_list in zip(drafts, several, strict=True):
            if not is_list:
                draft.data["expected"] = [draft.data["expected"]]
        return True

    def settings(self, *, alternatives: bool) -> dict[str, Any]:
        """[[grader]] and [judge]."""
        grader = {**self.grader, **({"alternatives": True} if alternatives else {})}
        return {"grader": [grader]} | ({} if self.judge is None else {"judge": dict(self.judge)})


def _json(text: str) -> Any:
    try:
        found = json.loads(text)
    except ValueError:
        raise NotCarried(f"its ideal is no JSON: {text!r:.60}") from None
    if isinstance(found, list | str):
        raise NotCarried("its ideal is a JSON list or string, which would be read as alternatives or as text")
    return found


def _match(_args: Mapping[str, Any]) -> EvalClass:
    return EvalClass("Match", {"kind": "starts_with"}, max_tokens=500)


def _includes(args: Mapping[str, Any]) -> EvalClass:
    grader = {"kind": "contains"} | ({"ignore_case": True} if args.get("ignore_case") else {})
    return EvalClass("Includes", grader, frozenset({"ignore_case"}))


def _fuzzy_match(_args: Mapping[str, Any]) -> EvalClass:
    grader = {"kind": "contains", "ignore_case": True, "ignore_punctuation": True, "collapse_space": True}
    stricter = (
        "it also accepts an answer that is only a part of the ideal one, and leaves out a, an, the; carried over as "
        "`contains`, which does not"
    )
    return EvalClass("FuzzyMatch", grader, max_tokens=100, stricter=stricter)


def _json_match(_args: Mapping[str, Any]) -> EvalClass:
    return EvalClass("JsonMatch", {"kind": "exact"}, max_tokens=512, is_json=True)


_SPEC = "modelgraded_spec"


def _model_graded(args: Mapping[str, Any]) -> EvalClass:
    """`fact` is our judge of correctness by the reference; `closedqa` with one criterion a question of a checklist."""
    known = frozenset({_SPEC, "modelgraded_spec_args", "eval_type"})
    notes, longest = (JUDGE_NOTE,), 1024
    spec = args.get(_SPEC)
    if spec == "fact":
        stricter = (
            "it tells five cases apart (subset, superset, same, contradiction, no matter); our judge says yes or no"
        )
        return EvalClass(
            "fact",
            {"kind": "judge"},
            known,
            max_tokens=longest,
            judge={"model": SMALL_CLAUDE},
            stricter=stricter,
            notes=notes,
        )
    criteria = (args.get("modelgraded_spec_args") or {}).get("criteria")
    if spec == "closedqa" and isinstance(criteria, str):
        judge = {"model": SMALL_CLAUDE, "checklist": {"criterion": criteria.strip()}}
        return EvalClass("closedqa", {"kind": "judge"}, known, max_tokens=longest, judge=judge, notes=notes)
    if spec == "closedqa" and criteria is None:
        judge = judge_of([("a",), ("b",)]).table  # that of requirements which differ from case to case
        keys = frozenset({"criteria"})
        return EvalClass(
            "closedqa", {"kind": "judge"}, known, keys, longest, judge=judge, notes=notes, expected_key="criteria"
        )
    why = f"modelgraded_spec {spec!r} is a prompt of its own; write it as a question under [judge.checklist]"
    raise NotCarried(f"{why}; nothing carried over")


def _unread(why: str) -> Callable[[Mapping[str, Any]], EvalClass]:
    def refuse(_args: Mapping[str, Any]) -> EvalClass:
        raise NotCarried(f"{why}; nothing carried over")

    return refuse


CLASSES: Mapping[str, Callable[[Mapping[str, Any]], EvalClass]] = MappingProxyType(
    {
        "Match": _match,
        "Includes": _includes,
        "FuzzyMatch": _fuzzy_match,
        "JsonMatch": _json_match,
        "ModelBasedClassify": _model_graded,
        "MultipleChoice": _unread("its questions come from the Hugging Face hub; import the file with `table`"),
        "Translate": _unread("BLEU over all samples has no mark that one answer passes; import the file with `table`"),
    }
)
