"""(entries of an audit log) -> the moves that a promoter should have signed, and none has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pytest_ftgate.registry.access.policy import KIND, Policy, read_policy, signature_in
from pytest_ftgate.registry.access.promoter_key import Signed
from pytest_ftgate.registry.access.statement import Statement
from pytest_ftgate.registry.audit.check import Finding
from pytest_ftgate.registry.audit.entry import Entry, sha256_of
from pytest_ftgate.registry.audit.moves import CONFIRMED, MOVES, RESET

UNLOCK = "unlock"


def without_signature(entries: Sequence[Entry]) -> Iterator[Finding]:
    """A finding for each line that is not signed by one of the promoters of its time.

    Lists of promoters that another machine wrote down are not in this log: see `policy.read_chain`.
    """
    inforce: dict[str, Policy] = {}
    done: dict[str, int] = {}
    lines = {sha256_of(entry.to_bytes()): entry.line for entry in entries}
    for entry in entries:
        before = inforce.get(entry.task)
        if entry.kind == CONFIRMED:
            done[entry.task] = max(done.get(entry.task, 0), int(entry.what.get("line") or 0))
        if entry.kind == KIND:
            try:
                policy = read_policy(entry.task, entry.what)
            except ValueError as error:
                yield Finding(entry.line, f"is {error}")
                continue
            if not (before or policy).allows(policy.statement, policy.signed):
                yield Finding(entry.line, f"changes the promoters of {entry.task} without the signature of one of them")
            inforce[entry.task] = policy
        elif before and entry.kind in {*MOVES, RESET, UNLOCK}:
            signed = signature_in(entry.what)
            if signed is None or not before.allows(_statement(entry, signed.over, signed.after), signed):
                yield Finding(entry.line, f"is a {entry.kind} of {entry.task} that none of its promoters has signed")
            elif _here(signed, lines) and lines.get(signed.after, 0) < done.get(entry.task, 0):
                yield Finding(entry.line, f"is a {entry.kind} of {entry.task} with the signature of an earlier one")


def _here(signed: Signed, lines: Mapping[str, int]) -> bool:
    """Whether the move before is in this log, or there was none; it may be in that of another machine."""
    return not signed.after or signed.after in lines


def _statement(entry: Entry, over: str, after: str) -> Statement:
    what = entry.what
    if entry.kind in MOVES:
        known = what.get("over")
        over = f"v{known}@{what.get('over_digest')}" if known is not None else ""
        to = f"v{what.get('version')}@{what.get('digest')}"
    else:
        to = str(what.get("claim", "")) if entry.kind == UNLOCK else ""
    return Statement(entry.task, entry.kind, to, over, str(what.get("reason")), after)
