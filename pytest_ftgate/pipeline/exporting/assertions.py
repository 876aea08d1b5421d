"""Spec of a grader -> promptfoo's assertions, or why there is none that says the same."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pytest_ftgate.golden.case import answer_text
from pytest_ftgate.judge.rubric import CORRECT
from pytest_ftgate.pipeline.importing.promptfoo.judge import bare

Spec = Mapping[str, Any]
Assertion = dict[str, Any]


class CannotCarry(Exception):  # noqa: N818 - a state of a grader, always caught by what exports it
    """promptfoo has no assertion that says the same; the text says why."""


_OURS_ALONE = re.compile(r"\(\?P|\(\?[aiLmsux-]+[):]|\(\?>|\\[AZzGKpPXR]|[*+?}]\+|\(\?\(|\[\[:|&&|\(\?[|&R0-9]")
"""Syntax of `regex` that JavaScript reads in another way, or not at all."""
_SET = "assert-set"
_CASE_ALIKE = {"contains": "icontains", "contains-any": "icontains-any", "contains-all": "icontains-all"}


def assertions(spec: Spec, expected: Any) -> list[Assertion]:
    """The assertions that all must hold, for a case that expects `expected`. Raises CannotCarry."""
    kind = str(spec["kind"])
    if kind not in _KINDS and kind.startswith("not_"):
        inner = {**spec, "kind": kind.removeprefix("not_")}
        return _not({"kind": "not", "grader": inner}, expected)
    if kind not in _KINDS:
        raise CannotCarry("promptfoo has no assertion that says the same")
    return _KINDS[kind](spec, expected)


def _only(spec: Spec, *known: str) -> None:
    """Raises CannotCarry for options that the assertion has no word for; defaults say nothing."""
    for name, value in spec.items():
        if name not in {"kind", *known} and (name, value) not in _USUAL:
            raise CannotCarry(f"promptfoo's assertion has no option {name} = {value!r}")


_USUAL = [
    *((name, False) for name in ("ignore_case", "collapse_space", "ignore_punctuation", "whole_word", "full")),
    *((name, False) for name in ("alternatives", "assert_format", "equal")),
    ("strip", True),
    ("unicode_form", "NFC"),
    ("threshold", 1),
]


def _exact(spec: Spec, expected: Any) -> list[Assertion]:
    _only(spec, "alternatives")
    if spec.get("alternatives"):
        return [_one_of_set([_equals(each) for each in expected])]
    return [_equals(expected)]


def _equals(expected: Any) -> Assertion:
    if isinstance(expected, list | Mapping):
        return {"type": "equals", "value": expected}
    text = answer_text(expected).strip()
    return {"type": "equals", "value": _literal(text)}


def _literal(text: str) -> str:
    """A text in an assertion is a template, and may name a file. Raises CannotCarry for what would be read so."""
    if mark := unsafe(text):
        raise CannotCarry(f"the text {mark}, which promptfoo would not take literally")
    return text


def unsafe(text: str) -> str:
    """What makes promptfoo read a text as something else, "holds {{"; "" if nothing does."""
    if found := next((mark for mark in ("{{", "{%", "{#") if mark in text), ""):
        return f"holds {found}"
    if found := next((mark for mark in ("file://", "package:") if text.startswith(mark)), ""):
        return f"begins with {found}"
    return ""


def _one_of_set(some: Sequence[Assertion]) -> Assertion:
    return dict(some[0]) if len(some) == 1 else _set(some, 1)


def _set(some: Sequence[Assertion], at_least: int) -> Assertion:
    """Passes if so many of the assertions do."""
    share = math.floor(1000 * (at_least - 0.5) / len(some)) / 1000 if at_least < len(some) else 1
    return {"type": _SET, "threshold": share, "assert": list(some)}


def _texts(spec: Spec, expected: Any) -> list[str]:
    values = spec.get("values") or expected
    return [_literal(each) for each in ([values] if isinstance(values, str) else values)]


def _contains(spec: Spec, expected: Any) -> list[Assertion]:
    _only(spec, "values", "ignore_case")
    return [_of_texts(spec, "contains", "contains-any", _texts(spec, expected))]


def _contains_all(spec: Spec, expected: Any) -> list[Assertion]:
    _only(spec, "values", "ignore_case")
    return [_of_texts(spec, "contains", "contains-all", _texts(spec, expected))]


def _not_contains(spec: Spec, expected: Any) -> list[Assertion]:
    [found] = _contains(spec, expected)
    return [{**found, "type": f"not-{found['type']}"}]


def _of_texts(spec: Spec, one: str, several: str, texts: Sequence[str]) -> Assertion:
    kind = one if len(texts) == 1 else several
    return {
        "type": _CASE_ALIKE[kind] if spec.get("ignore_case") else kind,
        "value": texts[0] if len(texts) == 1 else list(texts),
    }


def _starts_with(spec: Spec, expected: Any) -> list[Assertion]:
    _only(spec, "values")
    return [_one_of_set([{"type": "starts-with", "value": each} for each in _texts(spec, expected)])]


def _regex(spec: Spec, expected: Any) -> list[Assertion]:
    _only(spec, "pattern", "full", "timeout_s")
    pattern = _literal(spec.get("pattern") or expected)
    if found := _OURS_ALONE.search(pattern):
        raise CannotCarry(f"the pattern has {found[0]!r}, which JavaScript reads in another way")
    return [{"type": "regex", "value": rf"^\s*(?:{pattern})\s*$" if spec.get("full") else pattern}]


def _one_of(spec: Spec, expected: Any) -> list[Assertion]:
    _only(spec, "labels", "path")
    if spec.get("path"):
        raise CannotCarry("promptfoo has no assertion for one place of a JSON answer but javascript")
    return [_equals(expected)]


def _json_schema(spec: Spec, _expected: Any) -> list[Assertion]:
    _only(spec, "schema", "timeout_s")
    return [{"type": "contains-json", "value": spec["schema"]}]


def _code(spec: Spec, _expected: Any) -> list[Assertion]:
    _only(spec, "language", "timeout_s")
    if spec.get("language") != "json":
        raise CannotCarry("promptfoo parses JSON, SQL, XML and HTML only, in other ways")
    return [{"type": "contains-json"}]


def _refusal(spec: Spec, expected: Any) -> list[Assertion]:
    _only(spec, "expected")
    wanted = spec["expected"] if spec.get("expected") is not None else expected
    return [{"type": "is-refusal" if wanted else "not-is-refusal"}]


def _judge(spec: Spec, expected: Any) -> list[Assertion]:
    """The judge of promptfoo: `factuality` for correctness by the reference, `llm-rubric` for each question."""
    _only(spec, "judge", "threshold")
    rubric = spec["judge"]["rubric"]
    if any(anchors for _, _, anchors in rubric["criteria"]):
        raise CannotCarry("promptfoo's judge passes or fails an answer, it gives no levels of 1 to 5")
    if [name for name, _, _ in rubric["criteria"]] == [CORRECT]:
        return [{"type": "factuality", "value": _literal(answer_text(expected))}]
    by = f"\nReference: {answer_text(expected)}" if rubric["reference"] else ""
    asked = [{"type": "llm-rubric", "value": _literal(bare(question + by))} for _, question, _ in rubric["criteria"]]
    least = spec.get("threshold", 1)
    return asked if least == 1 else [{**_set(asked, 1), "threshold": least}]


def _any_of(spec: Spec, expected: Any) -> list[Assertion]:
    _only(spec, "graders", "at_least", "threshold")
    return [_set([_joined(each, expected) for each in spec["graders"]], int(spec.get("at_least", 1)))]


def _all_of(spec: Spec, expected: Any) -> list[Assertion]:
    _only(spec, "graders", "threshold")
    return [each for one in spec["graders"] for each in assertions(one, expected)]


def _weighted(spec: Spec, expected: Any) -> list[Assertion]:
    _only(spec, "graders", "weights", "threshold")
    some = [_joined(each, expected) for each in spec["graders"]]
    if any(str(each["type"]).endswith("contains-all") for each in some):
        raise CannotCarry("contains_all is worth the share of its texts here, and all or nothing in promptfoo")
    weights = spec.get("weights") or [1] * len(some)
    weighed = [{**each, "weight": weight} for each, weight in zip(some, weights, strict=True)]
    return [{**_set(weighed, 1), "threshold": spec.get("threshold", 0.5)}]


def _joined(spec: Spec, expected: Any) -> Assertion:
    """The one assertion that says it. Raises CannotCarry if it takes several."""
    some = assertions(spec, expected)
    if len(some) > 1 or some[0]["type"] == _SET:
        raise CannotCarry("promptfoo has no assert-set within an assert-set")
    return some[0]


def _not(spec: Spec, expected: Any) -> list[Assertion]:
    _only(spec, "grader", "threshold")
    some = assertions(spec["grader"], expected)
    if len(some) > 1 or some[0]["type"] == _SET:
        raise CannotCarry("promptfoo negates one assertion, not several together")
    kind = some[0]["type"]
    return [{**some[0], "type": kind.removeprefix("not-") if kind.startswith("not-") else f"not-{kind}"}]


_KINDS: dict[str, Callable[[Spec, Any], list[Assertion]]] = {
    "exact": _exact,
    "contains": _contains,
    "contains_all": _contains_all,
    "not_contains": _not_contains,
    "starts_with": _starts_with,
    "regex": _regex,
    "one_of": _one_of,
    "json_schema": _json_schema,
    "code": _code,
    "refusal": _refusal,
    "judge": _judge,
    "any_of": _any_of,
    "all_of": _all_of,
    "weighted": _weighted,
    "not": _not,
}
