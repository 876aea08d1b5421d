"""File of labelled production inputs -> cases of the golden sets they belong to, with stratum and weight."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import Fault, FileFaults
from pytest_ftgate.evaluate.suite import expected_label
from pytest_ftgate.files.jsonl import parse_lines
from pytest_ftgate.files.text import read_text, shown
from pytest_ftgate.golden.case import Case, make_case
from pytest_ftgate.golden.rows import id_problem
from pytest_ftgate.graders.grade import case_fault

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite

_HOW = "write the file with `ftgate live label`"


@dataclass(frozen=True, slots=True)
class LiveCase:
    """case: the input, with what people say the answer must be. golden: name of its set."""

    case: Case
    golden: str
    stratum: str
    weight: float


def read_labelled(path: Path) -> list[LiveCase]:
    """Raises FileFaults: every line that is none, and a file without any."""
    name = shown(path)
    entries = [_entry(entry, name) for entry in parse_lines(read_text(path), name)]
    faults = [entry for entry in entries if isinstance(entry, Fault)]
    found = [entry for entry in entries if isinstance(entry, LiveCase)]
    if not entries:
        faults = [Fault(name, 0, "no labelled inputs", _HOW)]
    faults += _twice(found, name)
    if faults:
        raise FileFaults(faults)
    return found


def _entry(entry: tuple[int, Any] | Fault, path: str) -> LiveCase | Fault:
    if isinstance(entry, Fault):
        return entry
    line, data = entry
    if problem := _problem(data):
        return Fault(path, line, problem, _HOW)
    case = make_case({"input": data["input"], "expected": data["expected"]}, line, data["id"])
    return LiveCase(case, data["golden"], str(data.get("stratum", "all")), float(data.get("weight", 1.0)))


def _problem(data: Any) -> str:
    if not isinstance(data, Mapping):
        return "is not a JSON object"
    if missing := [key for key in ("id", "golden", "input", "expected") if data.get(key) is None]:
        return f"lacks {', '.join(map(repr, missing))}"
    if not isinstance(data["id"], str) or id_problem(data["id"]):
        return "'id' is not printable text without white space"
    if not isinstance(data["input"], str | Mapping | list):
        return "'input' is not text, variables or messages"
    weight = data.get("weight", 1.0)
    if isinstance(weight, bool) or not isinstance(weight, int | float) or weight <= 0:
        return "'weight' is not a number above 0"
    return ""


def _twice(found: list[LiveCase], path: str) -> Iterator[Fault]:
    first: dict[tuple[str, str], int] = {}
    for each in found:
        line = first.setdefault((each.golden, each.case.id), each.case.line)
        if line != each.case.line:
            yield Fault(path, each.case.line, f"duplicate id, also in line {line}", "remove one")


def faults_in(found: list[LiveCase], suite: Suite, path: Path) -> Iterator[Fault]:
    """Of a set's cases those whose expected value its graders or labels cannot judge."""
    label = suite.golden.label
    for each in found:
        if label is not None and expected_label(each.case, label) not in label.values:
            what = f"`expected` names no label of {suite.name}: {', '.join(label.values)}"
            yield Fault(shown(path), each.case.line, what)
        elif problem := case_fault(suite.graders_of(each.case), each.case):
            yield Fault(shown(path), each.case.line, problem)
