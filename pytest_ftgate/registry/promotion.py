"""(task, version, reason) -> the champion moved, so that a kill at any step leaves one champion that can be served.

Order of the writes, all under the task's lock, each its own transaction of MLflow:
1. tag `ftgate.previous` of the new champion: the old one and those before it (nobody reads it yet);
2. a line of the audit log: what is about to be done;
3. tags `ftgate.promotion` (when, by whom, why), `ftgate.override` and `ftgate.audit` (the log's head): likewise;
4. alias `champion`: the commit. Before it the old champion stands whole, after it the new one does.
The adapter's digest was checked before the lock was taken.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_ftgate.errors import RegistryError
from pytest_ftgate.registry.audit import AuditLog, Entry
from pytest_ftgate.registry.audit_tags import announced, head_tags
from pytest_ftgate.registry.promotion_lock import Held
from pytest_ftgate.registry.store import Store
from pytest_ftgate.registry.version import (
    CHAMPION,
    OVERRIDE,
    PREVIOUS,
    PROMOTION,
    REASON,
    VERDICT,
    Predecessor,
    Version,
    format_predecessors,
    number_of,
)
from pytest_ftgate.registry.versions import champion_of, version_of


@dataclass(frozen=True, slots=True)
class Move:
    """A change of the champion. over: the one until now. past: what `target` will remember. kind: as in audit.KINDS."""

    target: Version
    over: Version | None
    past: Sequence[Predecessor]
    kind: str
    reason: str


def to_promote(target: Version, over: Version | None, reason: str) -> Move:
    """The move that makes `target` the successor of `over`; an override if its verdict was another."""
    past = (over.as_predecessor(), *over.predecessors) if over else ()
    return Move(target, over, past, "promote" if target.tags.get(VERDICT) == "PROMOTE" else "override", reason)


def check_verdict(target: Version, *, override: bool) -> None:
    """RegistryError unless the gate said PROMOTE, or HOLD or REJECT may be overridden; INTEGRITY never is."""
    verdict = target.tags.get(VERDICT, "")
    if verdict == "PROMOTE" or (override and verdict != "INTEGRITY"):
        return
    judged = f"was judged {verdict}" if verdict else "was never judged"
    judged += f" ({target.tags[REASON]})" if target.tags.get(REASON) else ""
    if verdict == "INTEGRITY":
        raise RegistryError(f"{target} {judged}: its results are invalid and cannot be overridden")
    raise RegistryError(
        f"{target} {judged} and is not promoted\n    To override, on the record: "
        f'ftgate promote {target.task} v{target.number} --override "reason"'
    )


def to_roll_back(store: Store, task: str, to: int | None, reason: str) -> Move:
    """The move back to the champion's predecessor, or to an earlier one; RegistryError if there is none."""
    champion = champion_of(store, task)
    if champion is None:
        raise RegistryError(f"{task} has no champion to roll back; train one with --train")
    past = champion.predecessors
    place = next((i for i, each in enumerate(past) if to in {None, each.number}), None)
    if place is None:
        known = ", ".join(f"v{each.number}" for each in past) or "none"
        raise RegistryError(f"no {f'v{to}' if to else 'champion'} before {champion}; previous champions: {known}")
    target = version_of(store, task, past[place].number)
    if target.digest != past[place].digest:
        raise RegistryError(f"{target} is not the adapter of the former champion (digest {past[place].digest[:12]})")
    return Move(target, champion, past[place + 1 :], "rollback", reason)


def check_unmoved(target: Version, expected: int | None, now: Version | None) -> None:
    """RegistryError if the champion is not the one that the decision was made against."""
    if number_of(now) != expected:
        raise RegistryError(
            f"{target} was to replace {_name(expected)}, but the champion is now {_name(number_of(now))}; "
            "nothing changed. Run the same command again to compare with the new champion"
        )


def carry_out(store: Store, held: Held, move: Move, log: AuditLog) -> Version:
    """Write the move, which was made under this lock; the new champion."""
    task, number = move.target.task, str(move.target.number)
    with store.asking(f"cannot make {move.target} the champion") as client:
        held.check()
        client.set_model_version_tag(task, number, PREVIOUS, format_predecessors(move.past))
        with announced(log, move.kind, move.target, move.over, move.reason) as entry:
            for key, value in (_tags(move, entry) | head_tags(log)).items():
                client.set_model_version_tag(task, number, key, value)
            held.check()
            client.set_registered_model_alias(task, CHAMPION, number)
    now = champion_of(store, task)
    if now is None or now.number != move.target.number:
        raise RegistryError(f"{move.target} was promoted, but the champion is now {_name(number_of(now))}")
    return now


def _tags(move: Move, entry: Entry) -> dict[str, str]:
    record = {"kind": move.kind, "at": entry.at, "by": entry.by, "reason": move.reason}
    tags = {PROMOTION: json.dumps(record, ensure_ascii=False)}
    if move.kind == "override":
        record["verdict"] = move.target.tags.get(VERDICT, "")
        tags[OVERRIDE] = json.dumps(record, ensure_ascii=False)
    return tags


def _name(number: int | None) -> str:
    return f"v{number}" if number else "no version"
