"""(sampled inputs, golden set) -> items for a person; the decisions of everybody -> labelled inputs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_ftgate.annotation.item import Choice, Item, Task
from pytest_ftgate.annotation.labelling import keys_of_classes
from pytest_ftgate.annotation.review_queue import Decision
from pytest_ftgate.data.near.conversation import role_of
from pytest_ftgate.data.near.text import text_of
from pytest_ftgate.data.pii.placeholders import redacted_text, redacted_value
from pytest_ftgate.evaluate.suite import Suite
from pytest_ftgate.files.digest import canonical
from pytest_ftgate.golden.spec import Label
from pytest_ftgate.graders.answer import NoJsonError, json_of, label_in
from pytest_ftgate.pipeline.live.live_input import LiveInput

ACCEPTED, WRITTEN, SKIPPED, DISCARDED = "(as answered)", "(written)", "(cannot say)", "(discarded)"
_ASIDE = (
    Choice("s", SKIPPED, "cannot say"),
    Choice("x", DISCARDED, "discard: unusable, or a name or address is in it"),
)


@dataclass(frozen=True, slots=True)
class Labelled:
    """sampled: the input. expected: what people say the answer must be. by: who, at: when."""

    sampled: LiveInput
    expected: Any
    by: str
    at: str

    def to_json(self) -> dict[str, Any]:
        """A line of labelled.jsonl."""
        return {**self.sampled.to_json(), "expected": self.expected, "by": self.by, "labelled": self.at}


def live_task(suite: Suite) -> Task:
    """A key for each label of the set; of a set without labels, to accept the model's answer or to write another."""
    if label := closed_label(suite):
        keys = keys_of_classes(label.values, frozenset(choice.key for choice in _ASIDE))
        choices = [Choice(key, value, value) for key, value in zip(keys, label.values, strict=True)]
        return Task(f"production inputs of {suite.name}", "What is the right label?", (*choices, *_ASIDE))
    choices = [
        Choice("a", ACCEPTED, "this answer is right"),
        Choice("e", WRITTEN, "write the right answer", edits=True),
    ]
    return Task(
        f"production inputs of {suite.name}",
        "What is the right answer?",
        (*choices, *_ASIDE),
        _written_problem,
        redacted_text,
    )


def live_items(suite: Suite, inputs: Iterable[LiveInput]) -> list[Item]:
    """With the model's answer only where a label would not say it all: a person who sees one agrees too easily."""
    blind = closed_label(suite) is not None
    items = []
    for each in inputs:
        answer = [] if blind else [("Answer of the model", each.output or "(not logged)")]
        items.append(Item(each.key, (*_asked(each.input), *answer), each.output))
    return items


def _asked(asked: Any) -> list[tuple[str, str]]:
    """The turns of a conversation, else the texts of the input."""
    if isinstance(asked, str | Mapping):
        return [("Input", text_of(asked))]
    return [(str(role_of(turn) or "user").capitalize(), text_of(turn)) for turn in asked]


def labelled(
    suite: Suite, inputs: Iterable[LiveInput], decisions: Sequence[Mapping[str, Decision]]
) -> tuple[list[Labelled], list[str]]:
    """The inputs that people labelled alike, and the keys of those on which they disagree.

    decisions: of each person, by key. "Cannot say" is no label; one person who discards an input is enough.
    """
    agreed, disputed = [], []
    for each in inputs:
        made = [mine[each.key] for mine in decisions if each.key in mine]
        said = [(one, expected_of(suite, each, one)) for one in made if one.value != SKIPPED]
        if not said or any(one.value == DISCARDED for one, _ in said):
            continue
        if len({canonical(expected) for _, expected in said}) > 1:
            disputed.append(each.key)
        else:
            one, expected = said[0]
            agreed.append(Labelled(each, expected, ", ".join(one.by for one, _ in said), one.at))
    return agreed, disputed


def expected_of(suite: Suite, each: LiveInput, made: Decision) -> Any:
    """What a case would expect. What a person has typed is looked through for personal data as well."""
    if made.value in (ACCEPTED, WRITTEN):
        text = each.output if made.value == ACCEPTED else made.text or ""
        return _value(suite, redacted_value(text))
    label = suite.golden.label
    return nested(label.path, made.value) if label and not has_bare_labels(suite) else made.value


def _value(suite: Suite, text: str) -> Any:
    """JSON where the cases of the set expect JSON."""
    if not any(isinstance(case.expected, Mapping | list) for case in suite.cases):
        return text
    try:
        return json_of(text)
    except NoJsonError:
        return text


def closed_label(suite: Suite) -> Label | None:
    """The labels, if one says all that a case of the set expects."""
    label = suite.golden.label
    if label is None:
        return None
    expected = [case.expected for case in suite.cases if case.expected is not None]
    whole = all(
        isinstance(each, str) or canonical(each) == canonical(nested(label.path, label_in(each, label.path)))
        for each in expected
    )
    return label if whole else None


def has_bare_labels(suite: Suite) -> bool:
    """Whether a case expects a label as a bare text."""
    return any(isinstance(case.expected, str) for case in suite.cases)


def nested(path: str, value: Any) -> Any:
    """The value at a path such as "answer.mood"; itself for ""."""
    for name in reversed(path.split(".") if path else []):
        value = {name: value}
    return value


def _written_problem(_item: Item, text: str) -> str:
    return "" if text.strip() else "the answer is empty; skip with s, or discard with x"


def as_lines(found: Iterable[Labelled]) -> str:
    """The text of labelled.jsonl."""
    return "".join(json.dumps(each.to_json(), ensure_ascii=False) + "\n" for each in found)
