"""`ftgate init DATA`: a table of questions and right answers -> golden set, pipeline, Python test, CI workflow.

Exit code 0; 2 if something is in the way, the data cannot be used or a question has no answer: then nothing is written.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
from collections.abc import Sequence
from contextlib import chdir, redirect_stdout
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from pytest_ftgate.cli import ci, init_text
from pytest_ftgate.cli.common import STATE_DIR, record_reading, say, task_name
from pytest_ftgate.cli.numbers import whole
from pytest_ftgate.errors import DataError, Fault
from pytest_ftgate.files.names import name_problem
from pytest_ftgate.files.text import shown

if TYPE_CHECKING:
    from pytest_ftgate.data.readers.record import Record
    from pytest_ftgate.pipeline.starting.columns import Mapped
    from pytest_ftgate.pipeline.starting.plan import Plan
    from pytest_ftgate.pipeline.starting.planned import Wish

PII = ("redact", "drop", "allow")
HOSTS = ("github", "gitlab", "none")
FOLDERS = {"github": ".github/workflows", "gitlab": ".gitlab"}
CONFIGURATIONS = ("pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg", "pytest.toml", ".pytest.toml")


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    told = "from a table of questions and answers: golden set, training data, pipeline, test and CI workflow of a task"
    parser = commands.add_parser("init", help=told)
    parser.add_argument(
        "data", type=Path, metavar="DATA", help=".jsonl, .json, .csv, .tsv (.gz ...), .parquet or a dataset folder"
    )
    parser.add_argument("--task", type=task_name, metavar="NAME", help="default: the name of the file")
    parser.add_argument(
        "--input",
        action="append",
        default=[],
        metavar="COLUMN",
        help="what is asked (repeatable: each is a variable of the prompt)",
    )
    parser.add_argument("--expected", default="", metavar="COLUMN", help="the right answer")
    parser.add_argument(
        "--slice", action="append", default=[], metavar="COLUMN", help="column whose values are slices (repeatable)"
    )
    parser.add_argument("--system", default="", metavar="TEXT", help="system prompt (default: proposed)")
    parser.add_argument(
        "--base", default="", metavar="MODEL", help="base model: hub id or folder (default: what fits this machine)"
    )
    parser.add_argument(
        "--goldens", type=whole(1), metavar="N", help="golden cases (default: what finds 5 points, at most a third)"
    )
    parser.add_argument("--pii", choices=PII, help="what becomes of personal data, if there are any")
    parser.add_argument("--ci", choices=HOSTS, help="default: gitlab if there is a .gitlab-ci.yml, else github")
    parser.add_argument("--seed", type=whole(0, 2**32 - 1), default=0, metavar="N", help="of split and training")
    parser.add_argument("--dir", type=Path, default=Path(), metavar="DIR", help="the project (default: this folder)")
    parser.add_argument("--dry-run", action="store_true", help="print what would be decided, and write nothing")
    parser.set_defaults(run=init)


def init(args: argparse.Namespace) -> int:
    """Decide, make, move, tell."""
    from pytest_ftgate.pipeline.starting.made import check_free

    data, base = args.data.absolute(), _base(args.base)
    if not data.exists():
        raise DataError([Fault(shown(args.data), 0, "not found; expected a file of questions and answers")])
    task = args.task or _task_of(data)
    here = args.dir.absolute()
    check_free(here, task)
    plan = _planned(_wish(args, data, base, task))
    if args.dry_run:
        return _tried(plan, args.ci, here)
    here.mkdir(parents=True, exist_ok=True)
    with chdir(here):
        return _made(plan, data, args.ci)


def _base(base: str) -> str:
    """A folder from where the command was called, not from --dir."""
    path = Path(base).expanduser()
    return str(path.absolute()) if base and path.is_dir() else base


def _task_of(data: Path) -> str:
    """The name of the file, as far as a task can be called so; else "task"."""
    stem = data.name.split(".", 1)[0].lower()
    name = re.sub(r"[^\w-]+", "_", stem).strip("_-")
    return name if not name_problem(name) else "task"


def _wish(args: argparse.Namespace, data: Path, base: str, task: str) -> Wish:
    from pytest_ftgate.pipeline.starting.columns import Mapped
    from pytest_ftgate.pipeline.starting.planned import Wish

    return Wish(
        path=data,
        here=args.dir.absolute(),
        task=task,
        mapped=Mapped(tuple(args.input), args.expected, tuple(args.slice)),
        system=args.system,
        base=base,
        goldens=args.goldens,
        seed=args.seed,
        pii=args.pii,
    )


def _planned(wish: Wish) -> Plan:
    """The plan; what cannot be guessed is asked where somebody is there to answer."""
    from pytest_ftgate.cli.init_questions import which_pii
    from pytest_ftgate.pipeline.starting.personal import PersonalError
    from pytest_ftgate.pipeline.starting.planned import planned
    from pytest_ftgate.pipeline.starting.reading import records_in

    _step(f"reading {shown(wish.path)}")
    records = records_in(wish.path)
    wish = replace(wish, mapped=_mapped(records, wish.mapped))
    _step(f"comparing {len(records):,} rows with each other")
    try:
        return planned(wish, records)
    except PersonalError as error:
        return planned(replace(wish, pii=which_pii(error)), records)


def _step(text: str) -> None:
    """What is done now, at a terminal: a large table takes a while."""
    if sys.stdout.isatty():
        say(f"{text} ...")


def _mapped(records: Sequence[Record], given: Mapped) -> Mapped:
    from pytest_ftgate.cli.init_questions import which_column
    from pytest_ftgate.pipeline.starting.columns import AmbiguousError
    from pytest_ftgate.pipeline.starting.planned import mapping_of

    while True:
        try:
            return mapping_of(records, given)
        except AmbiguousError as error:
            column = which_column(error)
            given = replace(given, input=(column,)) if error.role == "input" else replace(given, expected=column)


def _tried(plan: Plan, host: str | None, here: Path) -> int:
    """As the real run, in a folder that is thrown away."""
    from pytest_ftgate.pipeline.starting.made import made

    with TemporaryDirectory(prefix="ftgate-init-") as folder:
        _step("checking leakage and data")
        plan = made(plan, Path(folder))
    for line in (*init_text.decided(plan), *init_text.look_at(plan, _host(host, here), here)):
        say(line)
    say("nothing is written (--dry-run)")
    return 0


def _host(wanted: str | None, here: Path) -> str:
    return wanted or ("gitlab" if (here / ".gitlab-ci.yml").exists() else "github")


def _made(plan: Plan, data: Path, wanted: str | None) -> int:
    from pytest_ftgate.pipeline.starting.made import add_missing, made, moved, workshop
    from pytest_ftgate.pipeline.starting.texts import GIT_IGNORE, PYTEST_INI

    here, host = Path(), _host(wanted, Path())
    with workshop(here) as folder:
        _step("checking leakage and data")
        plan = made(plan, folder)
        shared = {".gitignore": GIT_IGNORE} | _workflows(host, folder / ".ci")
        shared |= {} if any(Path(name).exists() for name in CONFIGURATIONS) else {"pytest.ini": PYTEST_INI}
        there = add_missing(folder, here, shared)
        names = moved(folder, here, plan.task)
    record_reading(argparse.Namespace(state_dir=Path(STATE_DIR)), "init", [data])
    _record_lock(plan)
    told = (*init_text.decided(plan), *init_text.written(names, there), *init_text.look_at(plan, host, Path.cwd()))
    for line in (*told, *init_text.next_steps(plan)):
        say(line)
    return 0


def _workflows(host: str, out: Path) -> dict[str, str]:
    """The files that `ftgate ci HOST` writes, by their path in the project."""
    if host == "none":
        return {}
    parser = argparse.ArgumentParser()
    ci.add(parser.add_subparsers())
    args = parser.parse_args(["ci", host, "--out", str(out)])
    with redirect_stdout(io.StringIO()):
        args.run(args)
    texts = {f"{FOLDERS[host]}/{path.name}": path.read_text("utf-8") for path in sorted(out.iterdir())}
    for path in out.iterdir():
        path.unlink()
    out.rmdir()
    return texts


def _record_lock(plan: Plan) -> None:
    """As `ftgate lock` does: in the audit log of a project that has one."""
    from pytest_ftgate.evaluate.lock import read_lock
    from pytest_ftgate.registry.audit import record

    lock = read_lock(Path("goldens") / plan.task / "golden.toml")
    if lock and Path(STATE_DIR).is_dir():
        record(Path(STATE_DIR), "lock", plan.task, {"changes": list(lock.history[-1].changes), "seal": lock.seal})
