"""Suite -> Inspect's samples, or plain rows of question and expected answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pytest_ftgate.evaluate.suite import Suite
from pytest_ftgate.files.text import shown
from pytest_ftgate.golden.case import Case, Message, answer_text, is_script, render
from pytest_ftgate.golden.question import question_text
from pytest_ftgate.golden.spec import DEFAULT_GRADERS
from pytest_ftgate.pipeline.exporting.exported import Exported, json_lines
from pytest_ftgate.pipeline.exporting.settings_lost import add_lost_settings, named
from pytest_ftgate.pipeline.importing.imported import Losses

_SCORERS = {
    "exact": "exact()",
    "contains": "includes()",
    "starts_with": "match(location='begin')",
    "regex": "pattern(...)",
    "token_f1": "f1()",
    "one_of": "exact()",
    "numeric": "match(numeric=True)",
    "judge": "model_graded_qa()",
}


def inspect_samples(suite: Suite) -> Exported:
    """JSON Lines of Inspect's samples: input (text or messages), target, id, metadata.

    The messages are as they are sent, with the system turn and examples. Lost: scripts of user turns, tools of a case,
    and every grader but `exact`, since a sample holds no scorer.
    """
    losses, rows = Losses(), []
    add_lost_settings(losses, suite.golden, "Inspect")
    _add_lost_graders(losses, suite, "an Inspect sample holds no scorer", "choose one in your task", _SCORERS)
    for case in suite.cases:
        if is_script(case.input):
            why = "Inspect asks one turn; not exported. Write the dialogue as messages with the answers in it"
            losses.add(shown(suite.golden.cases_path), case.line, "a script of user turns", why)
            continue
        _add_lost_tools(losses, suite, case, "Inspect's tools are Python functions of your task")
        rows.append(_sample(suite, case))
    return Exported(json_lines(rows), len(rows), tuple(losses.faults))


def plain_rows(suite: Suite) -> Exported:
    """JSON Lines of `id`, `question`, `expected` and `slices`; what a case has beside these under its own name.

    A question of several turns is a list: of messages, or of the texts of a script. Lost: few-shot examples, and every
    grader but `exact`.
    """
    losses = Losses()
    add_lost_settings(losses, suite.golden, "a plain row")
    _add_lost_graders(losses, suite, "a plain row says only what is expected", "note how it is judged", {})
    if suite.prompt.examples:
        why = "a plain row holds a question alone"
        losses.add(shown(suite.golden.path), suite.golden.line("prompt", "examples"), "[prompt] examples", why, cases=0)
    return Exported(json_lines(_plain(suite, case) for case in suite.cases), len(suite.cases), tuple(losses.faults))


def _add_lost_graders(losses: Losses, suite: Suite, why: str, todo: str, counterparts: Mapping[str, str]) -> None:
    golden = suite.golden
    if any(suite.graders_of(case) and not case.graders for case in suite.cases) and golden.graders != DEFAULT_GRADERS:
        for number, spec in enumerate(golden.graders):
            reason = f"{why}; {todo}{_counterpart(spec, counterparts)}"
            losses.add(shown(golden.path), golden.line("grader", number), f"[[grader]] {named(spec)}", reason, cases=0)
    for case in suite.cases:
        for spec in case.graders:
            reason = f"{why}; {todo}{_counterpart(spec, counterparts)}"
            losses.add(shown(golden.cases_path), case.line, f"grader {named(spec)}", reason)
    if golden.judge is not None:
        losses.add(shown(golden.path), golden.line("judge"), "[judge]", f"{why}; {todo}", cases=0)


def _counterpart(spec: Mapping[str, Any], counterparts: Mapping[str, str]) -> str:
    found = counterparts.get(spec["kind"])
    return f", e.g. {found}" if found else ""


def _add_lost_tools(losses: Losses, suite: Suite, case: Case, why: str) -> None:
    if case.tools:
        losses.add(shown(suite.golden.cases_path), case.line, "tools", why)


def _sample(suite: Suite, case: Case) -> dict[str, Any]:
    messages = render(suite.prompt, case.input)
    row: dict[str, Any] = {"id": case.id, "input": _one_text(messages) or messages}
    if case.expected is not None:
        row["target"] = _target(case.expected)
    own = {key: getattr(case, key) for key in ("cluster", "must_pass", "notes") if getattr(case, key)}
    metadata = {**case.slices, **{key: value for key, value in own.items() if key not in case.slices}}
    return row | ({"metadata": metadata} if metadata else {})


def _one_text(messages: list[Message]) -> str:
    return str(messages[0]["content"]) if len(messages) == 1 else ""


def _target(expected: Any) -> str | list[str]:
    if isinstance(expected, list) and expected and all(isinstance(each, str) for each in expected):
        return expected
    return answer_text(expected)


def _plain(suite: Suite, case: Case) -> dict[str, Any]:
    row: dict[str, Any] = {"id": case.id, "question": _question(suite, case)}
    if suite.prompt.system is not None:
        row["system"] = suite.prompt.system
    row |= {"expected": case.expected} if case.expected is not None else {}
    row |= {"slices": dict(case.slices)} if case.slices else {}
    return row | dict(_further(case))


def _question(suite: Suite, case: Case) -> Any:
    if is_script(case.input) or (isinstance(case.input, list) and len(case.input) > 1):
        return list(case.input)
    return question_text(suite.prompt, case.input)


def _further(case: Case) -> Iterator[tuple[str, Any]]:
    for key in ("cluster", "must_pass", "notes"):
        if value := getattr(case, key):
            yield key, value
    if case.tools:
        yield "tools", [dict(tool) for tool in case.tools]
