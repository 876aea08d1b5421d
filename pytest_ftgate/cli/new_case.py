"""`ftgate new-case SET`: a case of a run, a line of production or a text -> checked, appended to the set, locked."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.cli.common import SET, say, state_option
from pytest_ftgate.errors import FtgateError

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.golden.case import Case
    from pytest_ftgate.pipeline.config import Pipeline
    from pytest_ftgate.pipeline.new_case.taken import Taken

ALLOW = ("near", "leak", "personal", "keys")
STDIN = "-"
UNDECODED = "\udcff"
"""What Python reads of a byte that is no UTF-8."""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "new-case", parents=[state_option()], help="add a case to a golden set: from a run, a log or a text, checked"
    )
    parser.add_argument("path", type=Path, metavar="SET", help=SET)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--run", dest="of_run", metavar="RUN", help="a run of this machine (`ftgate runs`); needs --case"
    )
    source.add_argument("--from", dest="place", metavar="FILE:LINE", help="a line of a request log; - = standard input")
    source.add_argument("--input", metavar="TEXT", help="the question, or JSON; - = standard input")
    parser.add_argument("--case", default="", metavar="ID", help="the case of --run")
    parser.add_argument(
        "--expected", metavar="VALUE", help="the right answer: a label, a text or JSON; else it is asked"
    )
    parser.add_argument("--id", default="", metavar="ID", help="default: 12 hex digits of its content")
    parser.add_argument("--slice", action="append", default=[], type=_slice, metavar="NAME=VALUE", help="repeatable")
    parser.add_argument("--must-pass", action="store_true", help="no candidate that misses it is promoted")
    parser.add_argument("--cluster", default="", metavar="NAME", help="of cases that are not independent of it")
    parser.add_argument("--notes", default="", metavar="TEXT", help="default: where it is from")
    parser.add_argument("--redact", action="store_true", help="write placeholders for personal data and secrets")
    parser.add_argument("--allow", action="append", default=[], choices=ALLOW, help="add it although; repeatable")
    parser.add_argument("--pipelines", type=Path, default=Path("pipelines"), metavar="DIR", help="default: pipelines")
    parser.set_defaults(run=new_case)


def _slice(text: str) -> tuple[str, str]:
    name, mark, value = text.partition("=")
    if not (name and mark and value):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def new_case(args: argparse.Namespace) -> int:
    """Check, append, lock, and say how to run it. Exit code 1, and nothing written, if a check finds something."""
    from pytest_ftgate.evaluate.suite import load_suite
    from pytest_ftgate.files.text import shown
    from pytest_ftgate.pipeline.discovery import golden_file
    from pytest_ftgate.pipeline.new_case.checks import case_of_row
    from pytest_ftgate.pipeline.new_case.keep import alone, append, check_lock

    if bool(args.of_run) != bool(args.case):
        raise FtgateError("--run RUN and --case ID belong together")
    _check_utf8(args)
    suite = load_suite(golden_file(args.path))
    check_lock(suite)
    taken = _taken(args, suite)
    if taken.note:
        say(taken.note)
    row = _row(args, taken, _expected(args, suite, taken))
    with alone(suite):
        suite = load_suite(suite.golden.path)
        locked = check_lock(suite)
        case = case_of_row(suite, row)
        if not _accepted(args, suite, case):
            return 1
        if (cases := suite.golden.cases_path).is_symlink():
            say(f"{shown(cases)}: was a link to {cases.readlink()}, which stays as it is; now it is a file of its own")
        added, lock = append(suite, case, row, args.state_dir)
    _tell(suite, added, lock, locked=locked)
    return 0


def _taken(args: argparse.Namespace, suite: Suite) -> Taken:
    from pytest_ftgate.evaluate.records.store import RecordStore
    from pytest_ftgate.pipeline.new_case.taken import from_line, from_log, from_run, from_text

    if args.of_run:
        return from_run(suite, RecordStore(args.state_dir), args.of_run, args.case)
    if args.place is not None:
        return from_line(suite, _stdin()) if args.place == STDIN else from_log(suite, args.place)
    return from_text(suite, _stdin().removesuffix("\n") if args.input == STDIN else args.input)


def _stdin() -> str:
    try:
        text = sys.stdin.read()
    except UnicodeDecodeError:
        text = UNDECODED
    return _utf8("standard input", text)


def _check_utf8(args: argparse.Namespace) -> None:
    """What the shell passed on as bytes that are no text. Raises FtgateError."""
    for name in ("input", "expected", "id", "cluster", "notes"):
        _utf8(f"--{name}", getattr(args, name) or "")
    for part in (part for each in args.slice for part in each):
        _utf8("--slice", part)


def _utf8(where: str, text: str) -> str:
    """The text. Raises FtgateError if it holds bytes that no file of text can."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise FtgateError(
            f"{where}: not UTF-8; nothing was written\n    convert it first, such as with iconv"
        ) from None
    return text


def _expected(args: argparse.Namespace, suite: Suite, taken: Taken) -> Any:
    """--expected; what the run's case, or a labelled line, expects; what the person says; None if nobody is there."""
    from pytest_ftgate.files.yes_no import someone_is_there, typed
    from pytest_ftgate.pipeline.new_case.expected import expected_value

    if args.expected is not None:
        return expected_value(suite, args.expected)
    if taken.expected is not None:
        return taken.expected
    if not someone_is_there():
        return None
    say(f"question: {_shown(taken.input)}")
    if taken.answer:
        say(f"answered: {taken.answer}")
    labels = f" ({', '.join(suite.golden.label.values)})" if suite.golden.label else ""
    said = typed(f"expected{labels}: ")
    return expected_value(suite, said) if said else None


def _shown(asked: Any) -> str:
    from pytest_ftgate.data.near.text import text_of

    return text_of(asked)


def _row(args: argparse.Namespace, taken: Taken, expected: Any) -> dict[str, Any]:
    """As it will stand in the file, without what is not set."""
    from pytest_ftgate.data.pii.placeholders import redacted_value
    from pytest_ftgate.golden.rows import row_id

    asked: dict[str, Any] = {"input": taken.input} | ({} if expected is None else {"expected": expected})
    own = taken.own
    notes = args.notes or own.get("notes") or (f"from {taken.place}" if taken.place else "")
    slices, cluster = own.get("slices", {}), args.cluster or own.get("cluster", "")
    slices = {**slices, **dict(args.slice)} if isinstance(slices, Mapping) else slices
    if args.redact:
        asked, notes, slices, cluster = map(redacted_value, (asked, notes, slices, cluster))
    more = {
        "tools": list(taken.tools),
        "slices": slices,
        "must_pass": args.must_pass or own.get("must_pass", False),
        "cluster": cluster,
        "notes": notes,
    }
    named = row_id({**asked, "tools": more["tools"]})
    return {"id": args.id or own.get("id") or named, **asked, **{key: value for key, value in more.items() if value}}


def _accepted(args: argparse.Namespace, suite: Suite, case: Case) -> bool:
    """Whether nothing was found, or only what --allow names; what was found is printed."""
    from pytest_ftgate.pipeline.comparison.compare import counted
    from pytest_ftgate.pipeline.new_case.checks import problems

    pipelines = _pipelines(args, suite)
    files = _files(args, suite, pipelines)
    found = list(problems(suite, case, files))
    for problem in found:
        mark = "allowed: " if problem.kind in args.allow else ""
        say(f"{problem.kind}: {mark}{problem.text}")
    blocking = list(dict.fromkeys(problem.kind for problem in found if problem.kind not in args.allow))
    if blocking:
        flags = " ".join(f"--allow {kind}" for kind in blocking)
        say("nothing was written" + ("" if "copy" in blocking else f"; to add it although: {flags}"))
        return False
    named = f" of {', '.join(each.name for each in pipelines)}" if pipelines else ""
    told = (
        f"{len(files)} files{named}" if files else "no pipeline names the set, so that no training rows were compared"
    )
    say(f"checked against {counted(len(suite.cases))}, {told}")
    return True


def _pipelines(args: argparse.Namespace, suite: Suite) -> Sequence[Pipeline]:
    """Those that measure the set. Raises PipelineError."""
    from pytest_ftgate.pipeline.discovery import Catalogue

    catalogue = Catalogue((), (args.pipelines,))
    return [catalogue.pipeline(name) for name in catalogue.pipelines_of(suite.name)]


def _files(args: argparse.Namespace, suite: Suite, pipelines: Sequence[Pipeline]) -> Sequence[Path]:
    """Their files of rows; reading them is recorded, and what is not there is reported."""
    from pytest_ftgate.files.text import shown
    from pytest_ftgate.pipeline.data_access import record_files

    named = dict.fromkeys(path for pipeline in pipelines for path in pipeline.data.files.values())
    for path in named:
        if not path.exists():
            say(f"not compared: {shown(path)} not found")
    files = [path for path in named if path.exists()]
    record_files(args.state_dir, f"new-case {suite.name}", files)
    return files


def _tell(suite: Suite, case: Case, lock: Path | None, *, locked: bool) -> None:
    from pytest_ftgate.files.text import shown
    from pytest_ftgate.golden.paths import set_argument
    from pytest_ftgate.pipeline.new_case.checks import slices_missing

    say(f"{shown(suite.golden.cases_path)}:{case.line}: case {case.id} added")
    if lock:
        say(f"{shown(lock)}: renewed")
    elif not locked:
        say(f"{suite.name} has no golden.lock: ftgate lock {shown(set_argument(suite.golden.path))}")
    if missing := slices_missing(suite, case):
        say(f"it is in no slice by {', '.join(missing)}, which most cases have: --slice {missing[0]}=VALUE")
    say(f"run it: pytest {shown(set_argument(suite.golden.path))}::{case.id}")
