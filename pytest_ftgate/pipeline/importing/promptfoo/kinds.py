"""Types of promptfoo's assertions -> our graders; for the others, why there is none."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pytest_ftgate.errors import FileFaults
from pytest_ftgate.files.yaml import parse_yaml
from pytest_ftgate.pipeline.importing.promptfoo.judge import bare
from pytest_ftgate.pipeline.importing.promptfoo.templates import plain_text

Spec = dict[str, Any]
AJV_DRAFT = "http://json-schema.org/draft-07/schema#"
"""What promptfoo's validator takes a schema without `$schema` for."""
ROUGE_THRESHOLD = 0.75
"""promptfoo's, where an assertion names none."""
_CLASSES = re.compile(r"\\[dDwWbB]")


class NotCarriedError(ValueError):
    """An assertion without a grader of ours that says the same; its text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An assertion whose value has no variables any more.

    value: None if there is none. expect: makes a value the case's `expected`; False if that is another already.
    """

    value: Any
    threshold: float | None
    expect: Callable[[Any], bool]

    @property
    def text(self) -> str:
        """The value as a text. Raises NotCarriedError for none, and for an object."""
        if self.value is None or isinstance(self.value, dict | list):
            raise NotCarriedError("has no text as its value")
        text = plain_text(self.value)
        if not text.strip():
            raise NotCarriedError("its value is empty")
        return text

    @property
    def texts(self) -> list[str]:
        """The value as several texts: a list, or one text with commas."""
        found = self.value if isinstance(self.value, list) else _by_commas(self.text)
        texts = [plain_text(each) for each in found]
        if not texts or not all(map(str.strip, texts)):
            raise NotCarriedError("its value is empty")
        return texts


def _by_commas(text: str) -> list[str]:
    return [part.strip() for part in next(csv.reader([text], skipinitialspace=True), [])]


def _contains(asked: Asked) -> Spec:
    return _texts("contains", [asked.text])


def _contains_any(asked: Asked) -> Spec:
    return _texts("contains", asked.texts)


def _contains_all(asked: Asked) -> Spec:
    return _texts("contains_all", asked.texts)


def _starts_with(asked: Asked) -> Spec:
    return _texts("starts_with", [asked.text])


def _texts(kind: str, values: list[str]) -> Spec:
    """White space around the texts counts, as it does in promptfoo, where there is some."""
    spaces = {} if all(value == value.strip() for value in values) else {"strip": False}
    return {"kind": kind, "values": values} | spaces


def _ignoring_case(made: Callable[[Asked], Spec]) -> Callable[[Asked], Spec]:
    return lambda asked: {**made(asked), "ignore_case": True}


def _equals(asked: Asked) -> Spec:
    value = asked.value if isinstance(asked.value, dict | list) else asked.text
    if asked.expect(value):
        return {"kind": "exact"}
    if isinstance(value, str):
        return {"kind": "regex", "pattern": re.escape(value.strip()), "full": True}
    return {"kind": "json_schema", "schema": {"const": value}}


def _regex(asked: Asked) -> Spec:
    r"""In JavaScript \d, \w and \b know ASCII alone."""
    pattern = asked.text
    return {"kind": "regex", "pattern": f"(?a){pattern}" if _CLASSES.search(pattern) else pattern}


def _json(asked: Asked) -> Spec:
    schema = asked.value
    if isinstance(schema, str) and schema.strip():
        try:
            schema = parse_yaml(schema)
        except FileFaults as error:
            raise NotCarriedError(f"its schema {error.faults[0].message}") from None
    if schema is None or schema == "":
        return {"kind": "json_schema", "schema": {}}
    if not isinstance(schema, dict | bool):
        raise NotCarriedError("its value is no JSON schema")
    if isinstance(schema, dict):
        schema = schema if "$schema" in schema else {"$schema": AJV_DRAFT, **schema}
    formats = {"assert_format": True} if '"format"' in json.dumps(schema) else {}
    return {"kind": "json_schema", "schema": schema} | formats


def _rouge(asked: Asked) -> Spec:
    if not asked.expect(asked.text):
        raise NotCarriedError("its reference is another text than the case's `expected`, of which there is one")
    threshold = ROUGE_THRESHOLD if asked.threshold is None else asked.threshold
    return {"kind": "rouge", "variant": "rouge1", "threshold": threshold}


def _words(asked: Asked) -> Spec:
    value = asked.value
    if isinstance(value, Mapping):
        limits = {f"{end}_words": int(value[end]) for end in ("min", "max") if isinstance(value.get(end), int | float)}
    elif isinstance(value, int | float) or (isinstance(value, str) and value.strip().isdecimal()):
        limits = {"min_words": int(value), "max_words": int(value)}
    else:
        limits = {}
    if not limits:
        raise NotCarriedError("its value is neither a number nor min and max")
    return {"kind": "length", **limits}


def _refusal(_asked: Asked) -> Spec:
    return {"kind": "refusal", "expected": True}


CARRIED: Mapping[str, Callable[[Asked], Spec]] = MappingProxyType(
    {
        "equals": _equals,
        "contains": _contains,
        "contains-any": _contains_any,
        "contains-all": _contains_all,
        "icontains": _ignoring_case(_contains),
        "icontains-any": _ignoring_case(_contains_any),
        "icontains-all": _ignoring_case(_contains_all),
        "starts-with": _starts_with,
        "regex": _regex,
        "is-json": _json,
        "contains-json": _json,
        "rouge-n": _rouge,
        "word-count": _words,
        "is-refusal": _refusal,
    }
)
"""Types that become a grader."""

JUDGED = frozenset({"llm-rubric", "model-graded-closedqa", "factuality", "model-graded-factuality"})
"""Types that become a question to our judge, see `requirements`."""
ASSERT_SET = "assert-set"

_PROGRAM = 'is a program, which is not run here; write it as a grader in Python (kind = "python") or a test in Python'
_CALLS = 'needs functions, which stand in provider settings; name them in [request] tools and use kind = "tool_calls"'
_LIMIT = "limits one answer; here a limit is of all answers: [[gate.floor]] metric = "
_CONTEXT = "has no grader of the same meaning; ask it as a question in [judge.checklist]"
_SERVICE = "asks a service, which is not done here"
_PAIRS = "compares the answers of several models or prompts; here `ftgate compare` and [judge] compare do"
_TRACE = "judges how an agent works, of which only the answer is seen here"
_MEASURE = "measures otherwise than ours, so its threshold cannot be kept; choose one for kind = "

NOT_CARRIED: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(("javascript", "python", "ruby", "webhook"), _PROGRAM)
    | dict.fromkeys(
        ("is-valid-openai-tools-call", "is-valid-openai-function-call", "is-valid-function-call", "tool-call-f1"),
        _CALLS,
    )
    | {"latency": f'{_LIMIT}"p95_ms"', "cost": f'{_LIMIT}"cost_per_1k", with [price]'}
    | {
        "similar": 'needs an embedding model, and a threshold for it; choose them for kind = "semantic"',
        "levenshtein": f'{_MEASURE}"edit_similarity"',
        "bleu": f'{_MEASURE}"bleu"',
        "gleu": f'{_MEASURE}"bleu"',
        "meteor": f'{_MEASURE}"chrf"',
    }
    | dict.fromkeys(("similar:cosine", "similar:dot", "similar:euclidean"), _MEASURE + '"semantic"')
    | dict.fromkeys(("is-sql", "contains-sql"), 'looks at syntax alone; kind = "sql" compares with what is expected')
    | dict.fromkeys(("is-xml", "contains-xml"), 'asks for elements in its own way; see kind = "xml"')
    | dict.fromkeys(("is-html", "contains-html"), 'takes any fragment; see kind = "html"')
    | dict.fromkeys(
        (
            "answer-relevance",
            "context-faithfulness",
            "context-recall",
            "context-relevance",
            "conversation-relevance",
            "g-eval",
            "search-rubric",
            "agent-rubric",
        ),
        _CONTEXT,
    )
    | dict.fromkeys(("moderation", "classifier", "guardrails", "pi"), _SERVICE)
    | dict.fromkeys(("select-best", "max-score", "human"), _PAIRS)
    | dict.fromkeys(("perplexity", "perplexity-score"), "judges probabilities of tokens, for which there is no grader")
    | {"finish-reason": "is no grader here: an answer that was cut off never passes"}
    | dict.fromkeys(
        (
            "skill-used",
            "trajectory:goal-success",
            "trajectory:tool-args-match",
            "trajectory:step-count",
            "trajectory:tool-sequence",
            "trajectory:tool-used",
            "trace-error-spans",
            "trace-span-count",
            "trace-span-duration",
        ),
        _TRACE,
    )
)
"""Types that do not, and why."""

TYPES = frozenset({*CARRIED, *JUDGED, *NOT_CARRIED, ASSERT_SET})
"""All types, without `not-`."""


def negated(spec: Spec) -> Spec:
    """What passes where the grader does not."""
    if spec["kind"] == "contains":
        return {**spec, "kind": "not_contains"}
    if spec["kind"] == "refusal":
        return {**spec, "expected": not spec["expected"]}
    return {"kind": "not", "grader": spec}


def all_or_nothing(spec: Spec) -> Spec:
    """The grader with the value 0 or 1, as a promptfoo assertion has it inside a weighted score."""
    if spec["kind"] != "contains_all":
        return spec
    rest = {name: value for name, value in spec.items() if name not in ("kind", "values")}
    return {"kind": "all_of", "graders": [{"kind": "contains", "values": [text], **rest} for text in spec["values"]]}


def requirement(kind: str, text: str, *, holds: bool) -> str:
    """What a judged assertion requires of the answer, in words for our judge."""
    stated = bare(text.strip())
    if kind in ("factuality", "model-graded-factuality"):
        stated = f"It says the same facts as this, and contradicts none of them: {stated}"
    return stated if holds else f"The following must not be true of it: {stated}"
