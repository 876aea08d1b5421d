"""`ftgate runs`: the runs that this machine keeps; `tag` gives one a name, `export` writes one into a file."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pytest_ftgate.cli import runs_export
from pytest_ftgate.cli.common import say, state_option, table
from pytest_ftgate.cli.paged import output_options, show, show_json
from pytest_ftgate.errors import RecordError
from pytest_ftgate.files.names import HELP, name_problem
from pytest_ftgate.files.text import shown

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.records.record import Facts
    from pytest_ftgate.evaluate.records.store import Stored

_HEAD = ("when", "run", "set", "model", "prompt", "passed", "score", "git", "name")
_LIKE_RUN = re.compile(r"last.*|\d{4,}[\d-]*.*")


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands."""
    parser = commands.add_parser(
        "runs",
        parents=[state_option(), output_options()],
        help="list the runs kept on this machine: when, set, model, prompt, score, git revision",
    )
    parser.add_argument("--set", default="", metavar="SET", help="only of this golden set: its path or name")
    parser.set_defaults(run=runs)
    kinds = parser.add_subparsers(metavar="ACTION")
    tag = kinds.add_parser("tag", parents=[state_option()], help="name a run, so that it is kept and can be asked for")
    tag.add_argument("of_run", metavar="RUN", help="last, last~1, a run id or its beginning")
    tag.add_argument("name", type=_name, metavar="NAME", help="e.g. main; the run that had the name loses it")
    tag.set_defaults(run=tag_run)
    runs_export.add(kinds)


def runs(args: argparse.Namespace) -> int:
    """Print the newest first."""
    from pytest_ftgate.evaluate.records.find import set_name
    from pytest_ftgate.evaluate.records.store import RecordStore

    store = RecordStore(args.state_dir)
    stored = list(store.all(set_name(args.set) if args.set else ""))
    names = store.names
    if args.json:
        show_json([{**each.facts.to_json(), "names": _names(each.facts, names)} for each in stored])
        return 0
    for path in store.edited():
        say(f"{shown(path)}: edited after it was written, or sealed in another state folder: not used; remove it")
    if not stored:
        of_set = f" of {set_name(args.set)}" if args.set else ""
        say(f"no runs{of_set} in {shown(store.folder)}: each run of pytest that asks a golden set is kept there")
    else:
        show(table([_HEAD, *_rows(stored, names)]), args)
    return 0


def tag_run(args: argparse.Namespace) -> int:
    """Give a run a name."""
    from pytest_ftgate.evaluate.records.find import find, kinds_of
    from pytest_ftgate.evaluate.records.store import RecordStore

    store = RecordStore(args.state_dir)
    stored = find(store, args.of_run)
    found = {each.facts.run for each in stored}
    if len(found) != 1 or not (run := found.pop()) or not (store.folder / run).is_dir():
        raise RecordError(f"{args.of_run!r} is not one run of this machine; list them: ftgate runs")
    if kinds := kinds_of(store, args.name):
        raise RecordError(f"{args.name!r} is a {' and a '.join(kinds)} here, which the name would hide; choose another")
    store.name(run, args.name)
    say(f"{args.name} is run {run}")
    for line in _partial(each.facts for each in stored):
        say(line)
    return 0


def _partial(measured: Iterable[Facts]) -> Iterator[str]:
    """What a later run that is compared with this one will miss."""
    for facts in measured:
        if facts.n < facts.cases:
            some = f"{facts.set}: the run measured {facts.n:,} of {facts.cases:,} cases"
            yield f"warning: {some}; to compare with all of them, run pytest without -k, -m and --lf, and name that run"


def _rows(stored: Sequence[Stored], names: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    from pytest_ftgate.golden.spec import BASE_PROMPT
    from pytest_ftgate.pipeline.comparison.settings import revision

    varied = {(each.facts.run, each.facts.set) for each in stored if each.facts.variant}
    for each in stored:
        facts = each.facts
        yield (
            f"{facts.when:%Y-%m-%d %H:%M}",
            facts.run,
            facts.set,
            facts.model,
            facts.variant or (BASE_PROMPT if (facts.run, facts.set) in varied else facts.prompt_digest[:8]),
            _passed(facts),
            "" if facts.score is None else f"{facts.score:.3f}",
            revision(facts),
            ", ".join(_names(facts, names)),
        )


def _passed(facts: Facts) -> str:
    """Of a run of Python tests, which judge by themselves, no case has a grade."""
    if not facts.n:
        return f"not graded, {facts.lines} of {facts.cases}"
    return f"{facts.passed}/{facts.n}" + (f" of {facts.cases}" if facts.n < facts.cases else "")


def _names(facts: Facts, names: Mapping[str, str]) -> list[str]:
    return [name for name, run in names.items() if run == facts.run]


def _name(text: str) -> str:
    if problem := name_problem(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a valid name: it {problem}; {HELP}")
    if _LIKE_RUN.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} could be a run; a name begins with neither `last` nor four digits")
    return text
