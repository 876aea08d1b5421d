"""`tests`, `defaultTest` and `scenarios` of a promptfoo configuration -> all its tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import Fault, FileFaults
from pytest_ftgate.files.text import shown
from pytest_ftgate.pipeline.importing.imported import Losses
from pytest_ftgate.pipeline.importing.promptfoo.assertions import PromptfooTest, make_test
from pytest_ftgate.pipeline.importing.promptfoo.csv_tests import csv_tests
from pytest_ftgate.pipeline.importing.promptfoo.document import (
    FILE,
    JSON,
    JSONL,
    YAML,
    Document,
    Place,
    files_of,
    read_document,
)
from pytest_ftgate.pipeline.importing.promptfoo.kinds import TYPES

_PROGRAMS = "tests that a program makes are not carried over; save them as YAML or CSV"
_ELSEWHERE = ("https://", "http://", "huggingface://", "s3://", "gs://", "az://")


def read_tests(config: Document, losses: Losses) -> Iterator[PromptfooTest]:
    """The tests in their order, each with what `defaultTest` says. Raises FileFaults for a file that cannot be read."""
    default = _default(config, losses)
    for test in (*_listed(config, config.data.get("tests"), losses, "tests"), *_of_scenarios(config, losses)):
        yield test.over(default)


def _default(config: Document, losses: Losses) -> PromptfooTest:
    written = config.data.get("defaultTest")
    document, keys = config, tuple[str | int, ...](("defaultTest",))
    if isinstance(written, str) and written:
        document, keys = _other(config, written, "defaultTest"), ()
        written = document.data
    test = make_test(document, written, *keys)
    if written and test is None:
        place = document.place(*keys)
        losses.add(place.path, place.line, "defaultTest", "is no mapping", cases=0)
    return test or PromptfooTest(config.place())


def _other(config: Document, reference: str, *keys: str | int) -> Document:
    """The file that stands in the place of a mapping. Raises FileFaults."""
    path = config.path.parent / reference.removeprefix(FILE)
    if path.suffix not in (*YAML, *JSON):
        place = config.place(*keys)
        raise FileFaults([Fault(place.path, place.line, f"{keys[0]}: expected a mapping, or a file of YAML or JSON")])
    return read_document(path)


def _listed(document: Document, written: Any, losses: Losses, *keys: str | int) -> Iterator[PromptfooTest]:
    """The tests of a list, of a file, or of a list of tests and files."""
    if isinstance(written, str) or (isinstance(written, Mapping) and "path" in written):
        yield from _of_files(written, document.place(*keys), document.path.parent, losses)
        return
    entries = written if isinstance(written, list) else [written] if written else []
    for number, entry in enumerate(entries):
        here = (*keys, number) if isinstance(written, list) else keys
        if isinstance(entry, str) or (isinstance(entry, Mapping) and "path" in entry):
            yield from _of_files(entry, document.place(*here), document.path.parent, losses)
        elif (test := make_test(document, entry, *here)) is not None:
            yield test
        else:
            place = document.place(*here)
            losses.add(place.path, place.line, "test", "is neither a mapping nor a file", cases=0)


def _of_files(entry: Any, place: Place, folder: Path, losses: Losses) -> Iterator[PromptfooTest]:
    reference = str(entry["path"] if isinstance(entry, Mapping) else entry)
    if reference.startswith(_ELSEWHERE):
        losses.add(place.path, place.line, f"tests {reference.partition('?')[0]}", "are not fetched", cases=0)
        return
    paths = list(files_of(reference, folder))
    if not paths:
        raise FileFaults([Fault(place.path, place.line, f"no file matches {reference}")])
    for path in paths:
        if path.suffix == ".csv":
            yield from _of_csv(path, place)
        elif path.suffix in (*YAML, *JSON, *JSONL):
            document = read_document(path)
            yield from _listed(document, document.data, losses)
        else:
            losses.add(place.path, place.line, f"tests {path.name}", _PROGRAMS, cases=0)


def _of_csv(path: Path, place: Place) -> Iterator[PromptfooTest]:
    try:
        yield from csv_tests(path, TYPES)
    except OSError as error:
        what = f"{shown(path)} cannot be read: {error.strerror or error}"
        raise FileFaults([Fault(place.path, place.line, what)]) from None


def _of_scenarios(config: Document, losses: Losses) -> Iterator[PromptfooTest]:
    """Each test of a scenario with each of its configurations."""
    scenarios = config.data.get("scenarios")
    for number, scenario in enumerate(scenarios if isinstance(scenarios, list) else [scenarios] if scenarios else []):
        document, data, keys = config, scenario, tuple[str | int, ...](("scenarios", number))
        if isinstance(scenario, str):
            document, keys = _other(config, scenario, *keys), ()
            data = document.data
        if not isinstance(data, Mapping):
            place = document.place(*keys)
            losses.add(place.path, place.line, "scenario", "is no mapping", cases=0)
            continue
        settings = list(_listed(document, data.get("config"), losses, *keys, "config"))
        for setting in settings:
            for test in _listed(document, data.get("tests"), losses, *keys, "tests"):
                yield test.of_scenario(setting)
