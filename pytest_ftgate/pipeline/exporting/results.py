"""Run records -> JUnit XML, or JSON Lines as Inspect has them: one sample for each answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any
from xml.etree import ElementTree as ET

from pytest_ftgate.evaluate.records.record import CaseRecord, Record
from pytest_ftgate.golden.case import answer_text
from pytest_ftgate.graders.value import Failure, Grade, Outcome
from pytest_ftgate.pipeline.exporting.exported import Exported, json_lines
from pytest_ftgate.serve.response import Response

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(records: Sequence[Record]) -> Exported:
    """A test suite for each record, a test case for each case.

    A miss is a failure, a case that could not be measured an error, one without a grade is skipped. Properties hold
    the score, what was expected, slices and must_pass; question and answer are in system-out.
    """
    root = ET.Element("testsuites", name="pytest-ftgate")
    for record in records:
        root.append(_suite(record))
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode", xml_declaration=False)
    head = '<?xml version="1.0" encoding="utf-8"?>\n'
    return Exported(f"{head}{text}\n", sum(len(record.cases) for record in records))


def _suite(record: Record) -> ET.Element:
    facts, cases = record.facts, [(case, _case(record, case)) for case in record.cases]
    tally = {kind: sum(each.find(kind) is not None for _, each in cases) for kind in ("failure", "error", "skipped")}
    suite = ET.Element(
        "testsuite",
        name=_xml(facts.set),
        tests=str(len(cases)),
        failures=str(tally["failure"]),
        errors=str(tally["error"]),
        skipped=str(tally["skipped"]),
        time=f"{sum(map(_seconds, record.cases)):.3f}",
        timestamp=facts.when.isoformat(timespec="seconds"),
    )
    about = {"run": facts.run, "model": facts.title, "prompt": facts.variant, "git": facts.git, "lock": facts.lock}
    score = "" if facts.score is None else f"{facts.score:.6g}"
    _properties(suite, about | {"score": score})
    suite.extend(each for _, each in cases)
    return suite


def _case(record: Record, case: CaseRecord) -> ET.Element:
    facts = record.facts
    made = ET.Element("testcase", classname=_xml(facts.set), name=_xml(case.id), time=f"{_seconds(case):.3f}")
    if facts.path:
        made.attrib |= {"file": _xml(facts.path), "line": str(case.line)}
    outcome = case.outcome
    score = f"{outcome.value:.6g}" if isinstance(outcome, Grade) else ""
    expected = "" if case.expected is None else answer_text(case.expected)
    own = {"score": score, "expected": expected, "must_pass": "true" if case.must_pass else ""}
    _properties(made, own | {f"slice.{name}": value for name, value in case.slices.items()})
    if isinstance(outcome, Failure):
        _said(made, "error", outcome)
    elif not isinstance(outcome, Grade):
        ET.SubElement(made, "skipped", message=_xml("not graded" if outcome is None else outcome.reason))
    elif not outcome.passed:
        _said(made, "failure", outcome)
    answers = "\n".join(answer.answer or f"none: {answer.error or answer.finish_reason}" for answer in case.answers)
    ET.SubElement(made, "system-out").text = _xml(f"question: {case.question}\nanswer: {answers}")
    return made


def _said(made: ET.Element, kind: str, outcome: Grade | Failure) -> None:
    ET.SubElement(made, kind, message=_xml(outcome.reason), type=_xml(outcome.grader))


def _properties(element: ET.Element, values: dict[str, str]) -> None:
    known = {name: value for name, value in values.items() if value}
    if known:
        properties = ET.SubElement(element, "properties")
        for name, value in known.items():
            ET.SubElement(properties, "property", name=_xml(name), value=_xml(value))


def _seconds(case: CaseRecord) -> float:
    return sum(answer.total_s for answer in case.answers)


def _xml(text: str) -> str:
    r"""Characters that XML forbids, as \x1b."""
    return _NOT_XML.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def inspect_results(records: Sequence[Record]) -> Exported:
    """A line for each answer, several of a case as epochs: input, target, output, scores and metadata."""
    rows = [row for record in records for case in record.cases for row in _samples(record, case)]
    return Exported(json_lines(rows), sum(len(record.cases) for record in records))


def _samples(record: Record, case: CaseRecord) -> Iterator[dict[str, Any]]:
    facts = record.facts
    own = {key: getattr(case, key) for key in ("cluster", "must_pass") if getattr(case, key)}
    about = {"set": facts.set, "run": facts.run} | ({"prompt": facts.variant} if facts.variant else {})
    for number, answer in enumerate(case.answers):
        outcome = case.repeats[number] if number < len(case.repeats) else case.outcome
        yield {
            "id": case.id,
            "epoch": number + 1,
            "input": case.question,
            "target": "" if case.expected is None else answer_text(case.expected),
            "output": _output(facts.model, answer),
            "scores": {outcome.grader: _score(outcome, answer)} if outcome is not None else {},
            "metadata": {**case.slices, **own, **about},
        }


def _output(model: str, answer: Response) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": answer.text}
    if answer.tool_calls:
        message["tool_calls"] = [dict(call) for call in answer.tool_calls]
    usage = {"input_tokens": answer.prompt_tokens, "output_tokens": answer.completion_tokens}
    made = {
        "model": model,
        "completion": answer.text,
        "choices": [{"message": message, "stop_reason": answer.finish_reason}],
        "usage": {**usage, "total_tokens": sum(usage.values())},
        "time": answer.total_s,
    }
    return made | ({"error": answer.error} if answer.error else {})


def _score(outcome: Outcome, answer: Response) -> dict[str, Any]:
    value = outcome.value if isinstance(outcome, Grade) else None
    passed = {"metadata": {"passed": outcome.passed}} if isinstance(outcome, Grade) else {}
    return {"value": value, "answer": answer.text, "explanation": outcome.reason, **passed}
