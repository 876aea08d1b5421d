"""Grader of OpenAI's hosted evals, with an item -> grader of a case."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_VARIABLE = re.compile(r"\{\{\s*(?P<name>[\w.]+)\s*\}\}")
_ANSWER = re.compile(r"\s*\{\{\s*sample\.output_text\s*\}\}\s*")
_ROUGE = {"rouge_1": "rouge1", "rouge_2": "rouge2", "rouge_l": "rougeL"}


class NoGrader(Exception):  # noqa: N818 - a state of a criterion, always caught by what imports it
    """The criterion cannot be carried over; its text says why."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """spec: a grader that compares with the case's `expected`, which is `reference`. doubt: how they differ, or ""."""

    spec: dict[str, Any]
    reference: str
    doubt: str = ""

    def alone(self) -> dict[str, Any]:
        """The spec for a case that expects something else. Raises NoGrader if it can compare with `expected` only."""
        inner = self.spec["grader"] if self.spec["kind"] == "not" else self.spec
        if inner["kind"] == "contains":
            return {**inner, "values": [self.reference]}
        if inner["kind"] != "exact":
            raise NoGrader("compares with another text than the criterion before; a case has one `expected`")
        made = {"kind": "regex", "pattern": re.escape(self.reference.strip()), "full": True}
        return {"kind": "not", "grader": made} if inner is not self.spec else made


def criterion_of(criterion: Any, item: Mapping[str, Any]) -> Criterion:
    """A criterion for one item, its texts put in. Raises NoGrader."""
    kind = str(criterion.get("type")) if isinstance(criterion, Mapping) else ""
    if kind not in _READ:
        raise NoGrader(_UNREAD.get(kind, "not a criterion that is read"))
    if not _ANSWER.fullmatch(str(criterion.get("input", ""))):
        what = f"its input is {criterion.get('input')!r:.60}"
        raise NoGrader(f"{what}; only the whole answer, sample.output_text, is compared")
    reference = filled(str(criterion.get("reference", "")), item)
    if not reference.strip():
        raise NoGrader("its reference is empty")
    return _READ[kind](criterion, reference)


def filled(template: str, item: Mapping[str, Any]) -> str:
    """The text with {{ item.name }} put in. Raises NoGrader for what is not in the item, and any other template."""
    if "{%" in template:
        raise NoGrader("a template with conditions or loops")

    def value(found: re.Match[str]) -> str:
        first, *names = found["name"].split(".")
        if first != "item" or not names:
            raise NoGrader(f"{found[0]} is not of the item")
        at: Any = item
        for name in names:
            if not isinstance(at, Mapping) or name not in at:
                raise NoGrader(f"{found[0]} is not in the item")
            at = at[name]
        return at if isinstance(at, str) else json.dumps(at, ensure_ascii=False)

    return _VARIABLE.sub(value, template)


def _string_check(criterion: Mapping[str, Any], reference: str) -> Criterion:
    specs: dict[str, dict[str, Any]] = {
        "eq": {"kind": "exact"},
        "ne": {"kind": "not", "grader": {"kind": "exact"}},
        "like": {"kind": "contains"},
        "ilike": {"kind": "contains", "ignore_case": True},
    }
    operation = str(criterion.get("operation"))
    if operation not in specs:
        raise NoGrader(f"unknown operation {operation!r}")
    return Criterion(specs[operation], reference)


def _similarity(criterion: Mapping[str, Any], reference: str) -> Criterion:
    metric, threshold = str(criterion.get("evaluation_metric")), criterion.get("pass_threshold")
    if not isinstance(threshold, int | float) or not 0 <= threshold <= 1:
        raise NoGrader(f"its pass_threshold is {threshold!r:.60}, expected a number from 0 to 1")
    if metric in _ROUGE:
        return Criterion({"kind": "rouge", "variant": _ROUGE[metric], "threshold": threshold}, reference)
    if metric == "bleu":
        doubt = "carried over as sacrebleu's BLEU of one sentence; check its threshold"
        return Criterion({"kind": "bleu", "threshold": threshold}, reference, doubt)
    if metric == "fuzzy_match":
        doubt = "carried over as edit_similarity, another measure on the same scale; check its threshold"
        return Criterion({"kind": "edit_similarity", "threshold": threshold}, reference, doubt)
    if metric == "cosine":
        raise NoGrader("needs the same embedding model; choose one for a grader of kind semantic")
    raise NoGrader(f"no grader measures {metric}")


_READ = {"string_check": _string_check, "text_similarity": _similarity}
_PROMPT = "a prompt of its own for a model; write it as a question under [judge.checklist]"
_UNREAD = {
    "score_model": _PROMPT,
    "label_model": _PROMPT,
    "python": "a program, which is not run; write it as a grader of kind python",
}
