"""`ftgate reconcile TASK`: any number of running vLLM servers -> each serves the champion; once, or as a loop."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from pytest_ftgate.cli.common import open_existing, registry_options, say, task_name, version_number
from pytest_ftgate.cli.deploy import add_server_view
from pytest_ftgate.cli.numbers import real, whole
from pytest_ftgate.cli.own_options import in_own_options
from pytest_ftgate.errors import FtgateError
from pytest_ftgate.pipeline.production.wanted import NEWEST
from pytest_ftgate.registry.model_tags import name_of

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.production.reconcile import Pass, Reconciler, Replica
    from pytest_ftgate.pipeline.production.wanted import Wanted

THEN_S = 300.0
"""So long the command of --then may take."""
MOST_PASSES = 5
"""Of one call without --loop, where the champion moves during each."""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "reconcile",
        parents=[registry_options()],
        help="make running vLLM servers serve the champion; exit code 1 if one does not",
    )
    parser.add_argument("task", type=task_name, metavar="TASK")
    _add_servers(parser)
    _add_rules(parser)
    parser.add_argument(
        "--loop", type=real(1, 86_400), metavar="SECONDS", help="repeat this often until SIGTERM or Ctrl-C"
    )
    parser.add_argument("--dry-run", action="store_true", help="print what is missing and superseded; change nothing")
    parser.add_argument(
        "--then",
        default="",
        metavar="COMMAND",
        help="run this by sh once all servers serve another version, before anything is unloaded; its environment has "
        "FTGATE_CHAMPION and FTGATE_CANDIDATE, the names to ask servers for",
    )
    parser.add_argument(
        "--ready-file",
        type=Path,
        metavar="FILE",
        help="a file that exists while every server answers as a version of the task, for a readiness probe",
    )
    parser.set_defaults(run=reconcile)


def _add_servers(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("running servers", "API key: FTGATE_API_KEY or OPENAI_API_KEY")
    group.add_argument("--server", action="append", default=[], metavar="URL", help="running vLLM server (repeatable)")
    group.add_argument(
        "--servers-file", type=Path, metavar="FILE", help="a file with a URL a line, read anew at each pass"
    )
    group.add_argument(
        "--resolve",
        action="store_true",
        help="reconcile every address that DNS has for a server's name, such as a headless Kubernetes service",
    )
    add_server_view(group)


def _add_rules(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--candidate",
        nargs="?",
        const=NEWEST,
        type=version_number,
        metavar="vN",
        help="load this version too, for an A/B test (default: the newest after the champion that was not rejected)",
    )
    parser.add_argument(
        "--keep", type=whole(0, 50), default=1, metavar="N", help="former champions that may stay loaded (default 1)"
    )
    parser.add_argument(
        "--unload",
        type=real(0, 86_400),
        metavar="SECONDS",
        help="unload other versions of the task this long after all servers serve the champion (default: never)",
    )


def reconcile(args: argparse.Namespace) -> int:
    """Look, load, prove, unload; with --loop again and again."""
    from pytest_ftgate.pipeline.production.reconcile import Reconciler, Rules

    rules = Rules(args.candidate, args.keep, args.unload, args.server_dir, args.base)
    then = partial(_then, args.then) if args.then else None
    reconciler = Reconciler(open_existing(args), args.task, rules, then)
    if args.dry_run:
        return _say_plan(reconciler.plan(_urls(args)))
    if args.ready_file:
        _mark(args.ready_file, ready=False)  # an earlier life may have left it
    if args.loop is None:
        return _once(args, reconciler)
    _loop(args, reconciler)
    return 0


def _once(args: argparse.Namespace, reconciler: Reconciler) -> int:
    """Passes until the champion did not move meanwhile, and what is superseded is unloaded."""
    for _ in range(MOST_PASSES):
        made = _pass(args, reconciler)
        for line in _lines(made):
            say(line)
        if made.well and made.superseded and args.unload:
            say(f"unloading {', '.join(made.superseded)} in {args.unload:g} s")
            time.sleep(args.unload)
        elif not made.moved:
            break
    return 0 if made.well else 1


def _loop(args: argparse.Namespace, reconciler: Reconciler) -> None:
    """Until a signal comes; a pass that has begun is finished. What was said in the pass before is not said again."""
    before: list[str] = []
    with _stopped_by_signal() as stop:
        while not stop.is_set():
            try:
                made = _pass(args, reconciler)
                lines, again = _lines(made), made.moved
            except (FtgateError, OSError) as error:
                lines, again = [f"{args.task}: {in_own_options(str(error), args)}"], False
            for line in lines:
                if line not in before:
                    say(f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {line}")
            before = lines
            if not again:
                stop.wait(args.loop)
    say("stopped")


def _then(command: str, wanted: Wanted) -> str:
    """Run the command of --then; why it failed, or ""."""
    names = dict(zip(("FTGATE_CHAMPION", "FTGATE_CANDIDATE"), (*wanted.names, ""), strict=False))
    with subprocess.Popen(
        ["/bin/sh", "-c", command],
        env={**os.environ, **names},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            out, _ = process.communicate(timeout=THEN_S)
        except BaseException as error:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # the shell's children too: they would go on beside the next try
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            return f"--then: no end within {THEN_S:g} s; it is tried again in the next pass"
    said = "\n    ".join(out.strip().splitlines()[-5:])
    if process.returncode:
        return f"--then: exit code {process.returncode}; it is tried again in the next pass\n    {said}".rstrip()
    say(f"--then: done\n    {said}".rstrip())
    return ""


def _pass(args: argparse.Namespace, reconciler: Reconciler) -> Pass:
    urls: list[str] = []
    try:
        urls = _urls(args)
        return reconciler.run(urls)
    finally:
        if args.ready_file:
            _mark(args.ready_file, ready=bool(urls) and reconciler.ready(urls))


def _mark(file: Path, *, ready: bool) -> None:
    if ready:
        file.touch()
    else:
        file.unlink(missing_ok=True)


def _urls(args: argparse.Namespace) -> list[str]:
    from pytest_ftgate.pipeline.production.replicas import replicas

    return replicas(args.server, args.servers_file, resolve=args.resolve)


def _say_plan(planned: Pass) -> int:
    as_they_should_be = True
    for replica in planned.replicas:
        todo = [f"load v{version.number} ({name_of(version)})" for version in replica.missing]
        todo += [f"may unload {name}" for name in replica.served if name in planned.superseded]
        say(f"{replica.url}: {replica.fault or '; '.join(todo) or 'as it should be'}")
        as_they_should_be = as_they_should_be and not replica.fault and not replica.missing
    return 0 if as_they_should_be else 1


def _lines(made: Pass) -> list[str]:
    """What changed, what is not as it should be, and the sum of it."""
    lines = [line for replica in made.replicas for line in _of_replica(replica)]
    lines += [each for each in (made.wanted.doubt, made.fault) if each]
    if made.moved:
        return [*lines, "the champion moved meanwhile; looking again"]
    good = sum(not replica.fault for replica in made.replicas)
    names = " and ".join(f"v{version.number} ({name_of(version)})" for version in made.wanted.versions)
    return [*lines, f"{good} of {len(made.replicas)} servers serve {made.wanted.versions[0].task} {names}"]


def _of_replica(replica: Replica) -> Iterator[str]:
    for each in replica.deployed:
        if each.new:
            yield f"{each}; request it as: {each.name}"
    for name in replica.unloaded:
        yield f"{replica.url}: {name} unloaded"
    if replica.fault:
        yield replica.fault if replica.url in replica.fault else f"{replica.url}: {replica.fault}"


@contextmanager
def _stopped_by_signal() -> Iterator[Event]:
    """An event that SIGTERM and Ctrl-C set."""
    stop = Event()
    signals = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(each, lambda *_: stop.set()) for each in signals]
    try:
        yield stop
    finally:
        for each, handler in zip(signals, before, strict=True):
            signal.signal(each, handler)
