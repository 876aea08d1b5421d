"""(golden set, new case, pipelines) -> why it should not be added: copies, leaks, personal data, secrets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pytest_ftgate.data.near.near_pairs_within import near_pairs
from pytest_ftgate.data.near.rows import read_rows
from pytest_ftgate.data.pii.credentials import credential_spans
from pytest_ftgate.data.pii.personal import personal_data
from pytest_ftgate.data.readers.normalize import normal
from pytest_ftgate.errors import Fault, GoldenError
from pytest_ftgate.evaluate.suite import expected_label, prompt_faults
from pytest_ftgate.evaluate.template_check import variables_of
from pytest_ftgate.files.text import shown
from pytest_ftgate.golden.case import Case, Prompt, answer_text, make_case
from pytest_ftgate.golden.rows import read_rows as read_case_rows
from pytest_ftgate.golden.rows import row_id
from pytest_ftgate.graders.grade import case_fault
from pytest_ftgate.leakage.check import scan_of
from pytest_ftgate.leakage.prompt_check import prompt_report
from pytest_ftgate.pipeline.live.live_input import question_of

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.leakage.report import Leak

Kind = Literal["copy", "near", "leak", "personal", "keys"]
"""All but a copy a person may accept with --allow."""


@dataclass(frozen=True, slots=True)
class Problem:
    """text: what was found, and what to do."""

    kind: Kind
    text: str


def case_of_row(suite: Suite, row: Mapping[str, Any]) -> Case:
    """The case of a row as it will be written.

    Raises GoldenError if the set could not be read with it: id, keys, label, template, graders.
    """
    path = shown(suite.golden.cases_path)
    _, faults = read_case_rows([(0, row)], path)
    if faults:
        raise GoldenError(faults)
    case = make_case(row, 0, row["id"])
    found = [*prompt_faults(suite.golden, [case], suite.prompt)]
    if not question_of(case.input).strip():
        found.append(
            Fault(path, 0, "the new case asks nothing: its input has no text", "say what is asked: --input TEXT")
        )
    taken = [each for each in suite.cases if each.id == case.id]
    if taken and not [*_copies(suite, case)]:  # a copy without an id of its own has the same, and is told as a copy
        found.append(Fault(path, taken[0].line, f"duplicate id {case.id!r}", "choose another: --id NAME"))
    found += _misnamed(suite, case)
    if problem := _ungradable(suite, case):
        found.append(Fault(path, 0, f"the new case: {problem}", "say what is right: --expected VALUE"))
    if found:
        raise GoldenError(found)
    return case


def _ungradable(suite: Suite, case: Case) -> str:
    label = suite.golden.label
    if label is not None and case.expected is not None and expected_label(case, label) not in label.values:
        return f"`expected` names no label of the set; expected one of: {', '.join(label.values)}"
    return case_fault(suite.graders_of(case), case)


def _misnamed(suite: Suite, case: Case) -> Iterator[Fault]:
    """Slices that no other case has, whose names are near to one that all others have, and the new one has not."""
    known = {name for other in suite.cases for name in other.slices}
    for name in case.slices:
        if name not in known and (near := get_close_matches(name, slices_missing(suite, case), 1)):
            what = f"the new case: no other case has a slice {name!r}, all have {near[0]!r}"
            yield Fault(shown(suite.golden.cases_path), 0, what, f"--slice {near[0]}={case.slices[name]}")


def slices_missing(suite: Suite, case: Case) -> Sequence[str]:
    """Names of the slices that more than half of the other cases have, and the new one has not."""
    held = Counter(name for other in suite.cases for name in other.slices)
    return [name for name, count in held.items() if 2 * count > len(suite.cases) and name not in case.slices]


def problems(suite: Suite, case: Case, files: Iterable[Path]) -> Iterator[Problem]:
    """files: of the training and validation rows of the pipelines that measure the set. Raises LeakageError."""
    copies = [*_copies(suite, case)]
    yield from copies or _near(suite, case)
    yield from _personal(case)
    yield from _keys(suite, case)
    yield from (Problem("leak", f"{leak}") for leak in leaks(suite, case, files) if leak.verdict == "leak")


def _copies(suite: Suite, case: Case) -> Iterator[Problem]:
    path = shown(suite.golden.cases_path)
    for other in suite.cases:
        if other.digest == case.digest:
            yield Problem("copy", f"{path}:{other.line}: is the case {other.id} already")
        elif other.asked_digest == case.asked_digest:
            expects = answer_text(other.expected)
            yield Problem(
                "copy", f"{path}:{other.line}: case {other.id} asks the same and expects {expects}: edit that"
            )


def _near(suite: Suite, case: Case) -> Iterator[Problem]:
    """Equal but for case and white space, or nearly one text; short questions are near to nothing."""
    path, asked = shown(suite.golden.cases_path), normal(question_of(case.input))
    if not asked:
        return
    others = {normal(question_of(other.input)): other for other in reversed(suite.cases)}
    if same := others.pop(asked, None):
        yield Problem("near", f"{path}:{same.line}: case {same.id} asks the same in other letters or spaces")
    places = list(others)
    for pair in near_pairs([asked, *places]):
        if 0 in (pair.one, pair.other):
            other = others[places[max(pair.one, pair.other) - 1]]
            yield Problem(
                "near", f"{path}:{other.line}: nearly the question of case {other.id} ({pair.score:.2f} alike)"
            )


def _personal(case: Case) -> Iterator[Problem]:
    slices = [part for each in case.slices.items() for part in each]
    texts = [question_of(case.input), *map(answer_text, (case.input, case.expected)), case.notes, *slices]
    if kinds := _kinds("\n".join([*texts, case.cluster or ""])):
        yield Problem("personal", f"holds {', '.join(kinds)}; --redact writes placeholders such as <EMAIL> instead")
    if not _is_own_id(case) and (kinds := _kinds(case.id)):
        yield Problem("personal", f"the id {case.id!r} holds {', '.join(kinds)}, which is printed: --id NAME")


def _keys(suite: Suite, case: Case) -> Iterator[Problem]:
    """Slips of the pen: a key of `expected`, and a variable that no template uses, which no other case has."""
    prompts = [suite.prompt, *(Prompt.from_json(each) for each in suite.golden.variants.values())]
    used = frozenset[str]().union(*map(variables_of, prompts))
    expected, asked = [other.expected for other in suite.cases], [other.input for other in suite.cases]
    for name, known in _odd(case.expected, expected):
        yield Problem("keys", f"`expected` holds {name!r}, which no other case has; the others: {known}")
    for name, known in _odd(case.input, asked):
        if name not in used:
            yield Problem("keys", f"`input` holds {name!r}, which no other case has and no template uses: {known}")


def _odd(value: Any, others: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """(key that no other object has, the keys that they have)."""
    known = dict.fromkeys(key for other in others if isinstance(other, Mapping) for key in other)
    for key in value if isinstance(value, Mapping) and known else ():
        if key not in known:
            yield key, ", ".join(known)


def _kinds(text: str) -> Sequence[str]:
    return [*dict.fromkeys(span.kind for span in credential_spans(text)), *personal_data(text)]


def _is_own_id(case: Case) -> bool:
    """Whether it is made of the content: what such digits resemble means nothing."""
    return case.id == row_id({"input": case.input, "expected": case.expected, "tools": list(case.tools)})


def leaks(suite: Suite, case: Case, files: Iterable[Path]) -> Sequence[Leak]:
    """Of the new case alone, leaks first, in training rows and in the set's prompts; the others are compared too, so
    that what is their template is no evidence.
    """
    whole = replace(suite, cases=(*suite.cases, case))
    scan = scan_of([whole])
    rows = (row for path in files for row in read_rows(path))
    reports = (scan.report(rows), prompt_report(scan, [whole]))
    found = [leak for report in reports for leak in report.found if leak.golden_id == case.id]
    return sorted(found, key=lambda leak: leak.verdict)
