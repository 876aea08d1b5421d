"""`ftgate audit show`, `ftgate audit verify`: the audit log of the state folder, printed and checked."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pytest_ftgate.cli.common import has_registry, open_existing, registry_options, say, say_table, task_name
from pytest_ftgate.registry.access.check_log import without_signature
from pytest_ftgate.registry.access.promoter_key import shown
from pytest_ftgate.registry.audit import AuditLog, log
from pytest_ftgate.registry.audit.check import Finding, check_heads, check_lines
from pytest_ftgate.registry.audit.entry import KINDS, read_entry
from pytest_ftgate.registry.audit.moves import MOVES
from pytest_ftgate.registry.audit.unfinished_moves import unfinished
from pytest_ftgate.registry.version import number_of

if TYPE_CHECKING:
    from pytest_ftgate.registry.audit import Entry

FIRST = ("version", "over", "reason", "verdict", "digest")
"""What a reader looks for first in a line."""

BROKEN = 11
"""Exit code of a log that is not to be trusted, as of a run that is not."""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands."""
    audit = commands.add_parser("audit", help="audit log of promotions, overrides, rollbacks and data access")
    deeds = audit.add_subparsers(metavar="show|verify", required=True)

    show_parser = deeds.add_parser("show", parents=[registry_options()], help="print the audit log")
    show_parser.add_argument("task", nargs="?", type=task_name, metavar="TASK", help="default: all tasks")
    show_parser.add_argument(
        "--kind", action="append", choices=sorted(KINDS), help="only lines of this kind (repeatable)"
    )
    show_parser.set_defaults(run=show)

    verify_parser = deeds.add_parser(
        "verify",
        parents=[registry_options()],
        help="verify the hash chain and the champions; exit code 11 if lines, an alias, a version or a verdict were "
        "edited, removed or moved",
    )
    verify_parser.set_defaults(run=verify)


def show(args: argparse.Namespace) -> int:
    """Print the lines of a task, or all."""
    lines, _ = _log(args).lines()
    entries = [entry for line in lines if (entry := read_entry(line))]
    entries = [entry for entry in entries if entry.kind in (args.kind or KINDS)]
    rows = [_row(entry) for entry in entries if args.task in (None, entry.task)]
    if rows:
        say_table([("line", "at", "by", "kind", "task", "what"), *rows])
    else:
        say(f"{_log(args).path}: no entries{f' for {args.task}' if args.task else ''} yet")
    return 0


def verify(args: argparse.Namespace) -> int:
    """Check the chain, then its end against what the registry keeps; 11 if a line is not what was written."""
    path = _log(args).path
    lines, torn = _log(args).lines()
    signed = without_signature([entry for line in lines if (entry := read_entry(line))])
    findings = [*check_lines(lines, torn), *signed, *_against_registry(args, lines)]
    for found in sorted(findings):
        say(f"{path}:{found.line}: {found.text}")
    grave = sum(found.grave for found in findings)
    say(f"{path}: {len(lines)} lines, {f'{grave} problems' if grave else 'intact'}")
    return BROKEN if grave else 0


def _against_registry(args: argparse.Namespace, lines: Sequence[bytes]) -> Iterator[Finding]:
    """What the chain alone cannot show: lines that are gone from its end, moves that did not come about."""
    if not has_registry(args):
        say("no registry to compare with: lines removed from the end go undetected")
        return
    registry = open_existing(args)
    yield from check_heads(lines, registry.heads(), log.place_of(_log(args).path))
    entries = [entry for line in lines if (entry := read_entry(line))]
    champions: dict[str, int | None] = {}
    for task in registry.recorded_tasks():
        standing, place = registry.standing(task), _last_line_about(task, entries)
        faults = [*standing.faults, *registry.changed(task)]
        yield from (Finding(place, f"{task}: {fault}") for fault in faults)
        if standing.faults:
            yield Finding(place, f"{task}: {standing.cure}", grave=False)
        else:
            champions[task] = number_of(standing.version)
    yield from unfinished(entries, champions)


def _last_line_about(task: str, entries: Sequence[Entry]) -> int:
    """Where the log speaks of the champion of a task last; 1 if it does not."""
    return max((entry.line for entry in entries if entry.task == task and entry.kind in MOVES), default=1)


def _log(args: argparse.Namespace) -> AuditLog:
    return AuditLog(args.state_dir / log.FILE)


def _row(entry: Entry) -> tuple[str, ...]:
    facts = sorted(
        _readable(entry.what).items(), key=lambda fact: FIRST.index(fact[0]) if fact[0] in FIRST else len(FIRST)
    )
    shown = ", ".join(f"{key} {_shown(value)}" for key, value in facts if value not in (None, "", {}))
    return str(entry.line), entry.at, entry.by, entry.kind, entry.task, shown


def _readable(facts: Mapping[str, object]) -> dict[str, object]:
    """Without public keys and signatures: who signed, by the fingerprint of the key."""
    kept = {name: value for name, value in facts.items() if name not in {"keys", "signed"}}
    if isinstance(keys := facts.get("keys"), dict):
        kept["keys"] = shown(keys)
    if isinstance(signed := facts.get("signed"), dict):
        kept["signed by"] = shown([str(signed.get("key"))])
    return kept


def _shown(value: object) -> str:
    """Digests by their first 12 digits; whole ones are in the file."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return re.sub(r"\b([0-9a-f]{12})[0-9a-f]{28,52}\b", r"\1", text)
