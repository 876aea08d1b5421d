"""(task, version, reason) -> the champion moved, so that a kill at any step leaves one champion that can be served.

Order of the writes, all under the task's lock, each its own transaction of MLflow:
1. the mark of the champion until now, if who promoted it was killed before it wrote that;
2. tag `ftgate.previous` of the new champion: the old one and those before it (nobody reads it yet);
3. a line of the audit log: what is about to be done;
4. tags `ftgate.promotion` (when, by whom, why), `ftgate.override` and `ftgate.audit` (the log's head): likewise;
5. alias `champion`: the commit. Before it the old champion stands whole, after it the new one does;
6. the mark of the new champion, see `champion_mark`: whatever the alias says later must fit it.
The adapter's digest was checked before the lock was taken.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from pytest_ftgate.errors import RegistryError
from pytest_ftgate.registry import champion_mark
from pytest_ftgate.registry.access.policy import SIGNED
from pytest_ftgate.registry.access.promoter_key import PromoterKey
from pytest_ftgate.registry.access.statement import Statement
from pytest_ftgate.registry.audit import AuditLog, Entry
from pytest_ftgate.registry.audit.moves import CONFIRMED
from pytest_ftgate.registry.audit_tags import announced, head_tags
from pytest_ftgate.registry.champion_mark import AFTER, HEAD, NOBODY, Mark, head_of, mark_of
from pytest_ftgate.registry.judged import unmet
from pytest_ftgate.registry.promotion_lock import Held
from pytest_ftgate.registry.standing import Standing, look
from pytest_ftgate.registry.store import Store
from pytest_ftgate.registry.version import (
    CHAMPION,
    OVERRIDE,
    PREVIOUS,
    PROMOTION,
    VERDICT,
    Predecessor,
    Version,
    format_predecessors,
    number_of,
)
from pytest_ftgate.registry.versions import tag_task, version_of


@dataclass(frozen=True, slots=True)
class Move:
    """A change of the champion. over: the one until now. past: what `target` will remember. kind: as in audit.KINDS."""

    target: Version
    over: Version | Predecessor | None
    past: Sequence[Predecessor]
    kind: str
    reason: str


def to_promote(target: Version, over: Version | None, reason: str, log: AuditLog) -> Move:
    """The move that makes `target` the successor of `over`; an override if the gate did not say so."""
    past = (over.as_predecessor(), *over.predecessors) if over else ()
    return Move(target, over, past, "override" if unmet(target, over, log) else "promote", reason)


def to_roll_back(store: Store, standing: Standing, to: int | None, reason: str) -> Move:
    """The move back to the champion's predecessor, or to an earlier one; RegistryError if there is none.

    Where alias or version were changed by hand: to a champion that is on record and still there, the one before the
    last if `to` is None.
    """
    task, champion = standing.task, standing.recorded
    if champion is None:
        raise RegistryError(f"{task} has no champion to roll back; train one with --train")
    if standing.faults:
        past: Sequence[Predecessor] = standing.known
        fit = [each for each in past if each in standing.there and to in {None, each.number}]
        fit = [each for each in fit if to or each != standing.known[0]]
    else:
        past = standing.version.predecessors if standing.version else ()
        fit = [each for each in past if to in {None, each.number}]
    if not fit:
        known = ", ".join(f"v{each.number}" for each in (standing.there if standing.faults else past)) or "none"
        before = f"{task} v{champion.number}"
        raise RegistryError(f"no {f'v{to}' if to else 'champion'} before {before}; previous champions: {known}")
    target = version_of(store, task, fit[0].number)
    if target.digest != fit[0].digest:
        raise RegistryError(f"{target} is not the adapter of the former champion (digest {fit[0].digest[:12]})")
    return Move(target, champion, past[past.index(fit[0]) + 1 :], "rollback", reason)


def check_unmoved(target: Version, expected: int | None, now: Version | Predecessor | None) -> None:
    """RegistryError if the champion is not the one that the decision was made against."""
    if number_of(now) != expected:
        raise RegistryError(
            f"{target} was to replace {_name(expected)}, but the champion is now {_name(number_of(now))}; "
            "nothing changed. Run the same command again to compare with the new champion"
        )


def carry_out(  # noqa: PLR0913, PLR0917
    store: Store, held: Held, standing: Standing, move: Move, log: AuditLog, key: PromoterKey | None = None
) -> Version:
    """Write the move, which was made under this lock; the new champion. key: of the promoter who makes it."""
    task, number = move.target.task, str(move.target.number)
    held.check()
    mark = _mended(store, standing)
    facts = {"reason": move.reason, **_signature(move, mark, key)}
    with store.asking(f"cannot make {move.target} the champion") as client:
        client.set_model_version_tag(task, number, PREVIOUS, format_predecessors(move.past))
        with announced(log, move.kind, move.target, move.over, facts) as entry:
            head = head_of(entry, log.path, str(move.target))
            links = {HEAD: asdict(head), AFTER: _after(mark)}
            for tag, value in (_tags(move, entry, {**links, **facts}) | head_tags(log)).items():
                client.set_model_version_tag(task, number, tag, value)
            held.check()
            client.set_registered_model_alias(task, CHAMPION, number)
    tag_task(store, task, {champion_mark.TAG: Mark(move.target.as_predecessor(), tuple(move.past), head).to_tag()})
    if key:
        log.append(CONFIRMED, task, {"line": entry.line})
    now = look(store, log, task).proved
    if now is None or now.number != move.target.number:
        raise RegistryError(f"{move.target} was promoted, but the champion is now {_name(number_of(now))}")
    return now


def reset(store: Store, held: Held, standing: Standing, log: AuditLog, facts: Mapping[str, object]) -> None:
    """From now on the task has no champion, as the record says; the next candidate is judged as a first model."""
    task = standing.task
    held.check()
    facts = {**facts, "over": number_of(standing.recorded), "found": list(standing.faults)}
    entry = log.append("reset", task, facts)
    with store.asking(f"cannot reset {task}") as client:
        if standing.version:
            client.delete_registered_model_alias(task, CHAMPION)
    mark = Mark(NOBODY, (), head_of(entry, log.path, f"{task}, without a champion,"))
    tag_task(store, task, {champion_mark.TAG: mark.to_tag()})


def _signature(move: Move, mark: Mark | None, key: PromoterKey | None) -> dict[str, object]:
    if key is None:
        return {}
    over = f"v{move.over.number}@{move.over.digest}" if move.over else ""
    to = str(move.target.as_predecessor())
    signed = key.sign(Statement(move.target.task, move.kind, to, over, move.reason, _after(mark)))
    return {SIGNED: asdict(signed)}


def _after(mark: Mark | None) -> str:
    return mark.head.sha256 if mark else ""


def _mended(store: Store, standing: Standing) -> Mark | None:
    """The mark that the move follows: of the champion that is proved, also if it was not written yet."""
    champion = standing.version
    if standing.faults or champion is None or (standing.mark and standing.mark.champion == champion.as_predecessor()):
        return standing.mark
    mark = mark_of(champion)
    if mark is not None:
        tag_task(store, standing.task, {champion_mark.TAG: mark.to_tag()})
    return mark


def _tags(move: Move, entry: Entry, links: Mapping[str, object]) -> dict[str, str]:
    record: dict[str, object] = {"kind": move.kind, "at": entry.at, "by": entry.by}
    tags = {PROMOTION: json.dumps({**record, **links}, ensure_ascii=False)}
    if move.kind == "override":
        record["reason"] = move.reason
        record["verdict"] = move.target.tags.get(VERDICT, "")
        tags[OVERRIDE] = json.dumps(record, ensure_ascii=False)
    return tags


def _name(number: int | None) -> str:
    return f"v{number}" if number else "no version"
