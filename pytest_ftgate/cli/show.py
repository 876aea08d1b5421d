"""`ftgate show goldens/tickets t001`: cases of a run as a person reads them: question, expected, answer, grade."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from pytest_ftgate.cli.case_text import case_lines
from pytest_ftgate.cli.common import state_option
from pytest_ftgate.cli.paged import output_options, show, show_json
from pytest_ftgate.errors import RecordError

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.records.record import CaseRecord, Record


_SHOWN = 10
_LABELLED = re.compile(r"(.+)\[([^\[\]]+)\]")


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "show",
        parents=[state_option(), output_options()],
        help="show cases of a run: question, answer, reasoning, expected, grades",
    )
    parser.add_argument("set", metavar="SET", help="golden set: its path or name, or SET::CASE")
    parser.add_argument("cases", nargs="*", metavar="CASE", help="ids of cases (default: all)")
    parser.add_argument("--missed", action="store_true", help="only cases that were graded and did not pass")
    parser.add_argument("--slice", type=_slice, action="append", metavar="NAME=VALUE", help="only cases of this slice")
    parser.add_argument(
        "--run", dest="of_run", default="last", metavar="RUN", help="last (default), last~1, run id, name or file"
    )
    parser.set_defaults(run=show_cases)


def show_cases(args: argparse.Namespace) -> int:
    """Print the cases."""
    from pytest_ftgate.evaluate.records.find import find, set_name
    from pytest_ftgate.evaluate.records.store import RecordStore

    path, _, case_id = args.set.partition("::")
    store = RecordStore(args.state_dir)
    records = [store.read(stored) for stored in find(store, args.of_run, set_name(path))]
    wanted = [*([case_id] if case_id else []), *args.cases]
    records, wanted = _of_label(records, wanted)
    chosen = [(record, _chosen(record, wanted, args)) for record in records]
    if args.json:
        show_json(
            [{"run": found.facts.to_json(), "cases": [each.to_json() for each in some]} for found, some in chosen]
        )
    else:
        show((line for record, cases in chosen for line in _lines(record, cases)), args)
    return 0


def _of_label(records: list[Record], wanted: list[str]) -> tuple[list[Record], list[str]]:
    """`t003[v2]`, as pytest reports it in a run of several prompts or models, is t003 of the records of v2."""
    known = {case.id for record in records for case in record.cases}
    labels = set()
    for number, case_id in enumerate(wanted):
        if case_id not in known and (found := _LABELLED.fullmatch(case_id)):
            wanted[number], label = found.groups()
            labels.add(label)
    if not labels:
        return records, wanted
    chosen = [record for record in records if labels & set(record.facts.labels)]
    if not chosen:
        asked = ", ".join(dict.fromkeys(record.facts.labels[-1] for record in records))
        raise RecordError(f"run {records[0].facts.run} asked no {', '.join(labels)}, it asked {asked}; see ftgate runs")
    return chosen, wanted


def _chosen(record: Record, wanted: Sequence[str], args: argparse.Namespace) -> list[CaseRecord]:
    """Raises RecordError for an id that the run did not ask, or a slice that no case has."""
    known = {case.id: case for case in record.cases}
    for case_id in wanted:
        if case_id not in known:
            where = f"in run {record.facts.run} of {record.facts.set}"
            raise RecordError(f"no case {case_id!r} {where}; {_hint(case_id, list(known))}")
    cases = [known[case_id] for case_id in wanted] if wanted else list(record.cases)
    for name, value in args.slice or ():
        have = sorted({f"{name}={case.slices[name]}" for case in record.cases if name in case.slices})
        if f"{name}={value}" not in have:
            raise RecordError(f"no case has the slice {name}={value}; {_slices(record, name, have)}")
        cases = [case for case in cases if case.slices.get(name) == value]
    return [case for case in cases if case.missed] if args.missed else cases


def _slices(record: Record, name: str, have: Sequence[str]) -> str:
    """What there is instead: have, the values of this name, else the names."""
    if have:
        return f"of {name} there are: {', '.join(have)}"
    names = sorted({each for case in record.cases for each in case.slices})
    return f"the slices of {record.facts.set} are: {', '.join(names)}" if names else "the cases have no slices"


def _hint(case_id: str, known: Sequence[str]) -> str:
    near = get_close_matches(case_id, known, 1)
    some = ", ".join(known[:_SHOWN]) + (f" and {len(known) - _SHOWN:,} more" if len(known) > _SHOWN else "")
    return f"did you mean {near[0]!r}?" if near else f"there are: {some}"


def _lines(record: Record, cases: Sequence[CaseRecord]) -> Iterator[str]:
    facts = record.facts
    variant = f", prompt {facts.variant}" if facts.variant else ""
    passed = f"{facts.passed} of {facts.n} passed" if facts.n else "no case graded"
    yield f"{facts.set}: run {facts.run}, {facts.title}{variant}: {passed}; {len(cases)} shown"
    for case in cases:
        yield ""
        yield from case_lines(case, facts.path)


def _slice(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is not a slice, expected NAME=VALUE, e.g. lang=de")
    return name, value
