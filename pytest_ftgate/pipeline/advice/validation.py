"""(golden set, validation rows) -> a Suite of the rows: asked with the set's prompt, judged by its graders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.data.readers.reader import read_rows
from pytest_ftgate.data.readers.row import TEXT, DataRow
from pytest_ftgate.errors import Fault, PipelineError, TrainError
from pytest_ftgate.evaluate.suite import digests_of, expected_label
from pytest_ftgate.graders.grade import case_fault, compile_grader
from pytest_ftgate.train.row_case import case_of
from pytest_ftgate.train.validation_rows import JUDGED, TEXT_ALONE

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Graders, Suite
    from pytest_ftgate.golden.case import Case

_MOST = 20
"""Faults that are reported."""


def validation_suite(suite: Suite, path: Path, columns: Mapping[str, str], name: str) -> Suite:
    """name: of its journal. columns: as [data.columns].

    Raises PipelineError, with file and line, for rows that cannot be asked and judged; DataError, see `read_rows`.
    """
    cases: list[Case] = []
    own: dict[str, Graders] = {}
    faults: list[Fault] = []
    for row in read_rows(path, columns):
        try:
            case = replace(_case(row), id=f"{row.line}.{len(cases)}")
            own |= {case.id: tuple(map(compile_grader, case.graders))} if case.graders else {}
            faults += _ungradable(suite, case, own, row)
            cases.append(case)
        except TrainError as error:
            what, _, fix = str(error).partition("\n    ")
            faults.append(Fault(row.path, row.line, what, fix))
    if faults:
        raise PipelineError(faults[:_MOST])
    golden = replace(suite.golden, name=name)
    settings, digest = digests_of(golden, cases, suite.prompt, suite.code)
    return replace(suite, golden=golden, cases=tuple(cases), own_graders=own, settings_digest=settings, digest=digest)


def _case(row: DataRow) -> Case:
    if row.shape == TEXT:
        raise TrainError(TEXT_ALONE)
    if row.desired is not None:
        raise TrainError(JUDGED)
    return case_of(row)


def _ungradable(suite: Suite, case: Case, own: Mapping[str, Graders], row: DataRow) -> Iterator[Fault]:
    label = suite.golden.label
    if label is not None and (found := expected_label(case, label)) not in label.values:
        what = f"label {found!r} of the answer is not one of the [label] values of {suite.name}"
        yield Fault(row.path, row.line, what, f"expected one of: {', '.join(label.values)}")
    elif problem := case_fault(own.get(case.id) or suite.graders, case):
        yield Fault(row.path, row.line, f"cannot be graded: {problem}", "mend the row, or remove it from the file")
