"""A run's case, a line of a log, or a text -> what a new case asks, and what was answered to it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.data.request_log.exchange import exchange_of
from pytest_ftgate.data.request_log.read import read_requests
from pytest_ftgate.errors import Fault, FileFaults, FtgateError
from pytest_ftgate.evaluate.records.find import find
from pytest_ftgate.evaluate.suite import load_suite
from pytest_ftgate.files.digest import digest_of
from pytest_ftgate.files.jsonl import parse_line
from pytest_ftgate.files.text import shown
from pytest_ftgate.golden.case import answer_text
from pytest_ftgate.golden.paths import set_file
from pytest_ftgate.pipeline.live.case_input import case_input

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.records.record import CaseRecord, Record
    from pytest_ftgate.evaluate.records.store import RecordStore
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.golden.case import Case

_SHOWN = 3
_OWN = ("id", "slices", "must_pass", "cluster", "notes")
LINE = '{"input": "...", "output": "..."}'


@dataclass(frozen=True, slots=True)
class Taken:
    """input: as a case of the set has it. answer: what a model answered, "" if unknown. place: where it is from.

    expected: what was said there to be right, None if nothing was. tools: functions that the model was offered by the
    case itself. own: other keys of a case that a row has. note: what is not taken over, "" if everything is.
    """

    input: Any
    answer: str = ""
    place: str = ""
    expected: Any = None
    tools: Sequence[Mapping[str, Any]] = ()
    note: str = ""
    own: Mapping[str, Any] = field(default_factory=dict)


def from_run(suite: Suite, store: RecordStore, run: str, case_id: str) -> Taken:
    """A case of a run that this machine keeps. Raises RecordError for no such run, FtgateError for no such case."""
    records = [store.read(stored) for stored in find(store, run)]
    found = [(record, case) for record in records for case in record.cases if case.id == case_id]
    if not found:
        known = [case.id for record in records for case in record.cases]
        near = get_close_matches(case_id, known, 1) or known[:_SHOWN]
        told = f"it has {len(known):,}, such as {', '.join(near)}"
        raise FtgateError(f"run {run!r} has no case {case_id!r}; {told}")
    if len(sets := list(dict.fromkeys(record.facts.set for record, _ in found))) > 1:
        raise FtgateError(
            f"run {run!r} has a case {case_id!r} in {len(sets)} golden sets: {', '.join(sets)}; use --input"
        )
    record, case = found[0]
    place = f"run {record.facts.run}, case {case.id} of {record.facts.set}"
    whole = _whole(record, case)
    asked = _as_here(suite, _question(suite, record, case) if whole is None else whole.input)
    if whole is None:
        return Taken(asked, case.text, place, case.expected)
    note = f"the graders of case {case.id} are not taken over: those of {suite.name} judge it" if whole.graders else ""
    return Taken(asked, case.text, place, case.expected, whole.tools, note)


def _whole(record: Record, case: CaseRecord) -> Case | None:
    """The case as its set has it; None if it is not there any more, or asks something else."""
    try:
        cases = load_suite(set_file(Path(record.facts.path))).cases
    except (FtgateError, OSError):
        return None
    return next((each for each in cases if each.id == case.id and digest_of(each.input)[:16] == case.input), None)


def _question(suite: Suite, record: Record, case: CaseRecord) -> Any:
    """As it was sent, without the prompt of the set."""
    if any(answer.turns for answer in case.answers):
        raise FtgateError(
            f"case {case.id} is a dialogue, and its golden set {record.facts.path} has changed: use --input"
        )
    return case_input(suite, [{"role": "user", "content": case.question}])


def from_log(suite: Suite, place: str) -> Taken:
    """FILE:LINE of a log of production. Raises FileFaults, FtgateError."""
    file, _, number = place.rpartition(":")
    path, line = (Path(file), int(number)) if file and number.isdecimal() else (Path(place), 0)
    requests = {request.line: request for request in read_requests(path)}
    if not line and len(requests) == 1:
        line = next(iter(requests))
    if line not in requests:
        what = f"line {line} holds no request" if line else f"holds {len(requests):,} requests, name one of them"
        raise FtgateError(f"{shown(path)}: {what}; expected FILE:LINE, such as {shown(path)}:{next(iter(requests))}")
    request = requests[line]
    answer = "" if request.output is None else answer_text(request.output)
    asked = _as_here(suite, case_input(suite, request.input))
    return _of_row(asked, answer, f"{path.name}:{line}", _data_in(path, line))


def from_line(suite: Suite, text: str) -> Taken:
    """One line of a log, or one row with `input`, as JSON. Raises FileFaults."""
    entry = parse_line(text, 1, "standard input")
    if isinstance(entry, Fault):
        raise FileFaults([entry])
    request = exchange_of(1, entry[1]) if isinstance(entry[1], Mapping) else None
    if request is None or not request.input:
        raise FileFaults([Fault("standard input", 1, "nothing is asked in it", f"expected {LINE}")])
    answer = "" if request.output is None else answer_text(request.output)
    return _of_row(_as_here(suite, case_input(suite, request.input)), answer, "", entry[1])


def _of_row(asked: Any, answer: str, place: str, data: Mapping[str, Any]) -> Taken:
    """With what a row of cases says of itself; of a line of a log, whose id is that of a request, `expected` alone."""
    own, tools = {key: data[key] for key in _OWN if key in data}, data.get("tools") or []
    if data.keys() - {"input", "expected", "tools", "graders", *_OWN}:
        left, own, tools = [key for key in (*own, "graders") if key in data and key != "id"], {}, []
    else:
        left = [key for key in ("graders",) if key in data]
    note = f"not taken over from the row: {', '.join(left)}" if left else ""
    return Taken(asked, answer, place, data.get("expected"), tools if isinstance(tools, list) else [tools], note, own)


def _data_in(path: Path, line: int) -> Mapping[str, Any]:
    """The object of a line; {} if it holds none."""
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig").split("\n")[line - 1])
    except (OSError, ValueError, IndexError, RecursionError):
        return {}
    return data if isinstance(data, Mapping) else {}


def from_text(suite: Suite, text: str) -> Taken:
    """What a person has typed or copied: JSON where the cases of the set are no texts, else the text.

    Raises FtgateError for a text where the cases have several variables.
    """
    if all(isinstance(case.input, str) for case in suite.cases):
        return Taken(text)
    entry = parse_line(text, 1, "")
    if not isinstance(entry, Fault) and isinstance(entry[1], Mapping | list):
        return Taken(entry[1])
    if isinstance(found := _as_here(suite, text), Mapping):
        return Taken(found)
    names = _variables(suite)
    wanted = f"an object with {', '.join(names)}" if names else "messages"
    raise FtgateError(f"--input: the cases of {suite.name} are not plain texts; expected JSON: {wanted}")


def _as_here(suite: Suite, asked: Any) -> Any:
    """A text as the one variable that every case of the set has; anything else as it is."""
    names = _variables(suite)
    if isinstance(asked, str) and len(names) == 1 and all(isinstance(case.input, Mapping) for case in suite.cases):
        return {names[0]: asked}
    return asked


def _variables(suite: Suite) -> list[str]:
    """The names of the variables of all cases."""
    return list(dict.fromkeys(name for case in suite.cases if isinstance(case.input, Mapping) for name in case.input))
