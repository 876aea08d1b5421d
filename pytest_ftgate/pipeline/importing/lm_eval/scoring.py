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
_GROUP = re.compile(r"\((?!\?)")
_IGNORED = "regexes_to_ignore"
_OF_METRIC = frozenset({_IGNORED, "metric", "aggregation", "higher_is_better", *_OPTIONS})
_OF_OPTIONS = ("acc", "acc_norm", "acc_bytes", "exact_match", "acc_mutual_info")


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
    """A pattern that catches the answer with one group, or as a whole; "" if it is noted as lost."""
    groups = len(_GROUP.findall(_masked(pattern)))
    if groups > 1 or "(?P" in pattern:
        lose("its pattern has several groups, or named ones; the whole answer is compared")
    elif groups and _has_alternatives(pattern):
        lose("its pattern has alternatives around the group; the whole answer is compared")
    elif not groups and pattern.startswith("(?"):
        lose("its pattern begins with flags and has no group; the whole answer is compared")
    elif not _compiles(pattern):
        lose("its pattern is no regular expression, or one that cannot be carried over; the whole answer is compared")
    else:
        return pattern
    return ""


def _compiles(pattern: str) -> bool:
    import regex

    try:
        regex.compile(_with_target(pattern, "x"))
    except (regex.error, RecursionError, OverflowError):
        return False
    return True


def _has_alternatives(pattern: str) -> bool:
    """Whether a | stands outside of all brackets."""
    depth = 0
    for char in _masked(pattern):
        depth += {"(": 1, ")": -1}.get(char, 0)
        if char == "|" and depth == 0:
            return True
    return False


def _masked(pattern: str) -> str:
    """The pattern with escapes and classes of characters made harmless, as long as it was."""
    return re.sub(r"\\.|\[[^\]]*\]", lambda found: "_" * len(found[0]), pattern, flags=re.DOTALL)


def _group_of(pattern: str) -> tuple[int, int] | None:
    """Where the group that catches something begins and ends; None without one."""
    bare = _masked(pattern)
    found = _GROUP.search(bare)
    depth = 0
    for place in range(found.start(), len(bare)) if found else ():
        depth += {"(": 1, ")": -1}.get(bare[place], 0)
        if depth == 0:
            return (found.start() if found else 0), place
    return None


def _with_target(pattern: str, target: str) -> str:
    """The pattern, with a look at whether what its group catches is the target, white space around it aside."""
    import regex

    start, end = _group_of(pattern) or (-1, len(pattern))
    before, inner, after = pattern[: max(start, 0)], pattern[start + 1 : end], pattern[end + 1 :]
    text = rf"\s*{re.escape(target)}\s*"
    caught = f"(?=(?P<caught>{inner}){after})"
    if not before and not regex.fullmatch(inner, ""):
        before = f"(?<!{inner})"  # not in the middle of what it would catch
    return f"{before}{caught}(?={text}(?<=(?P=caught)))(?P=caught)(?<={text})"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
