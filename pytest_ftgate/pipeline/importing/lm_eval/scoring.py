"""Metrics and filters of a task -> the grader of a case."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_ftgate.files.yaml import Tagged
from pytest_ftgate.pipeline.importing.imported import Losses
from pytest_ftgate.pipeline.importing.lm_eval.documents import NoDocument
from pytest_ftgate.pipeline.importing.lm_eval.task import Task

_USUAL_PATTERN = r"#### (\-?[0-9\.\,]+)"
"""Of lm-eval's filter `regex`, where the task names none."""
_HARMLESS = ("take_first", "remove_whitespace")
_OPTIONS = {"ignore_case": "ignore_case", "ignore_punctuation": "ignore_punctuation"}
_IGNORED = "regexes_to_ignore"
_OF_METRIC = frozenset({_IGNORED, "metric", "aggregation", "higher_is_better", *_OPTIONS})
_OF_OPTIONS = ("acc", "acc_norm", "exact_match", "acc_mutual_info")


@dataclass(frozen=True, slots=True)
class Scoring:
    """exact: options of the grader `exact`. pattern: that the answer is looked for with, "" for the whole answer.

    f1: whether F1 over the options is asked for. ignored: patterns of what does not count.
    """

    exact: Mapping[str, bool]
    pattern: str = ""
    f1: bool = False
    ignored: tuple[str, ...] = ()

    def target(self, text: str) -> str:
        """What is expected, without what does not count. Raises NoDocument for a pattern that cannot be used."""
        import regex

        for pattern in self.ignored:
            try:
                text = regex.sub(pattern, "", text, timeout=1.0)
            except (regex.error, TimeoutError) as error:
                raise NoDocument(f"{_IGNORED} {pattern!r}: {error}") from None
        return text.strip()

    def graders(self, target: str) -> list[dict[str, Any]]:
        """Of a case that expects `target`; [] if the set's `exact` says it."""
        if not self.pattern:
            return []
        spec = {"kind": "regex", "pattern": _with_target(self.pattern, target)}
        return [spec | ({"ignore_case": True} if self.exact.get("ignore_case") else {})]


def scoring_of(task: Task, losses: Losses) -> Scoring:
    """What metric_list and filter_list come to; the rest is noted as lost."""
    exact: dict[str, bool] = {}
    ignored: list[str] = []
    f1 = False
    has_options = task.data.get("output_type") == "multiple_choice"
    for number, metric in enumerate(_list(task.data.get("metric_list"))):
        name = metric.get("metric") if isinstance(metric, Mapping) else metric
        lose = _loser(task, losses, ("metric_list", number), f"metric {_named(name)}")
        if isinstance(name, Tagged):
            lose("a program, which is not run; write it as a grader of kind python")
        elif name == "f1" and has_options:
            f1 = True
        elif name == "exact_match" and not has_options:
            exact |= {ours: True for theirs, ours in _OPTIONS.items() if metric.get(theirs)}
            ignored += _list(metric.get(_IGNORED))
            if ignored:
                lose(f"{_IGNORED}: taken out of what is expected, not out of what the model answers")
            for key in [key for key in metric if key not in _OF_METRIC and metric[key]]:
                lose(f"{key} is not carried over")
        elif not (has_options and name in _OF_OPTIONS) and not (name == "acc" and not has_options):
            lose("a measure of all answers together, or one of probabilities, has no mark that one answer passes")
    return Scoring(exact, "" if has_options else _pattern(task, losses), f1, tuple(map(str, ignored)))


def _loser(task: Task, losses: Losses, keys: tuple[str | int, ...], what: str) -> Callable[[str], None]:
    return lambda why: losses.add(task.shown, task.line(*keys), what, why, cases=0)


def _named(name: Any) -> str:
    return f"{name.tag} {name.text}" if isinstance(name, Tagged) else str(name)


def _pattern(task: Task, losses: Losses) -> str:
    """The pattern of the first list of filters; the others are noted as lost."""
    found = ""
    for number, entry in enumerate(_list(task.data.get("filter_list"))):
        name = entry.get("name") if isinstance(entry, Mapping) else entry
        lose = _loser(task, losses, ("filter_list", number), f"filter {name}")
        if number:
            lose("the first list of filters is read; an answer is graded once")
            continue
        for step in _list(entry.get("filter") if isinstance(entry, Mapping) else None):
            function = step.get("function") if isinstance(step, Mapping) else step
            if function == "regex" and not found:
                found = _checked(str(step.get("regex_pattern") or _USUAL_PATTERN), lose)
            elif function not in _HARMLESS:
                lose(f"{_named(function)} changes the answer before it is compared, which is not carried over")
    return found


def _checked(pattern: str, lose: Callable[[str], None]) -> str:
    """A pattern with one group that catches the answer; "" if it is noted as lost."""
    if _group_of(pattern) is None:
        lose("its pattern has not exactly one group; the whole answer is compared")
        return ""
    return pattern


def _group_of(pattern: str) -> tuple[int, int] | None:
    """Where the only group that catches something begins and ends."""
    if (
        len(re.findall(r"(?<!\\)(?:\\\\)*\((?!\?)", re.sub(r"\[[^\]]*\]", lambda found: "_" * len(found[0]), pattern)))
        != 1
    ):
        return None
    bare = re.sub(r"\\.|\[[^\]]*\]", lambda found: "_" * len(found[0]), pattern)
    start = re.search(r"\((?!\?)", bare)
    if start is None:
        return None
    depth = 0
    for place in range(start.start(), len(bare)):
        depth += {"(": 1, ")": -1}.get(bare[place], 0)
        if depth == 0:
            return start.start(), place
    return None


def _with_target(pattern: str, target: str) -> str:
    """The pattern with a group that catches a text which begins and ends as the target: it, in all but odd cases."""
    start, end = _group_of(pattern) or (0, 0)
    text = re.escape(target.strip())
    return f"{pattern[:start]}(?={text})(?>{pattern[start + 1 : end]})(?<={text}){pattern[end + 1 :]}"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
