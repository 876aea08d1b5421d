"""(store, audit log, task) -> Standing: the champion, proved by what was recorded, or what was changed by hand.

A task without a champion is one that never had one: neither the audit log, nor the mark of the last promotion, nor the
tags of the versions may know of any.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_ftgate.errors import IntegrityError
from pytest_ftgate.registry.access.policy import TAG, Chain, ever_signed, read_chain, unsigned
from pytest_ftgate.registry.audit import AuditLog, Entry
from pytest_ftgate.registry.audit.check import check_heads
from pytest_ftgate.registry.audit.log import place_of
from pytest_ftgate.registry.audit.moves import entries_of, last_confirmed, moves_in, moves_of
from pytest_ftgate.registry.champion_mark import NOBODY, Mark, follows, read_mark
from pytest_ftgate.registry.error_codes import MISSING, code_of
from pytest_ftgate.registry.location import check_task
from pytest_ftgate.registry.store import Store
from pytest_ftgate.registry.version import CHAMPION, Predecessor, Version, to_version
from pytest_ftgate.registry.versions import versions_of


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands in the registry, and what was recorded.

    version: what the alias points to. mark: of the last promotion or rollback that was confirmed. faults: how the two
    differ; none if `version` is proved to be the champion. known: if they differ, champions by the record, newest
    first. there: those of them that are still registered. promoters: who may move it, the list in force last.
    """

    task: str
    version: Version | None
    mark: Mark | None
    faults: tuple[str, ...] = ()
    known: tuple[Predecessor, ...] = ()
    there: tuple[Predecessor, ...] = ()
    promoters: Chain = ()

    @property
    def proved(self) -> Version | None:
        """The champion; None if there never was one. Raises IntegrityError if the record says something else."""
        if self.faults:
            raise IntegrityError(f"{self.task}: {'; '.join(self.faults)}\n    {self.cure}")
        return self.version

    @property
    def recorded(self) -> Version | Predecessor | None:
        """What a rollback moves away from: the champion, or the one by the record if something else stands there."""
        return self.known[0] if self.known else self.version

    @property
    def cure(self) -> str:
        """What to do about the faults."""
        if self.there:
            return f"Restore it, on the record: ftgate rollback {self.task} --to v{self.there[0].number}"
        return (
            "None of its champions is left. Restore the registry from a backup, or begin without a champion, on the "
            f'record: ftgate reset {self.task} "reason"'
        )


def look(store: Store, log: AuditLog, task: str) -> Standing:
    """Read both. Raises RegistryError if the store does not answer."""
    with store.asking(f"cannot read the champion of {task}") as client:
        model = _or_none(client.get_registered_model, check_task(task))
        number = model.aliases.get(CHAMPION) if model else None
        found = _or_none(client.get_model_version, task, str(number)) if number else None
    version = to_version(found) if found else None
    entries, edited, mark = entries_of(log, task), "", None
    moves = moves_in(entries)
    try:
        mark = read_mark(model.tags if model else None)
    except ValueError as error:
        edited = str(error)
    versions = [] if mark and version else versions_of(store, task)
    if edited:
        faults = [edited]
    elif mark:
        faults = list(_against_mark(version, mark, entries, log, versions))
    else:
        faults = list(_without_mark(version, moves, versions))
    chain: Chain = ()
    try:
        chain = read_chain(model.tags if model else None, entries, task)
    except ValueError as error:
        raise IntegrityError(f"{task}: {error}\n    Restore the tag {TAG} of the model, as the log has it") from None
    if not faults and (fault := unsigned(chain, version)):
        faults = [fault]
    if not faults:
        return Standing(task, version, mark, promoters=chain)
    known = mark.all if mark else _known(moves, versions)
    there = {each.as_predecessor() for each in versions_of(store, task) if ever_signed(chain, each)}
    return Standing(task, version, mark, tuple(faults), known, tuple(each for each in known if each in there), chain)


def check_never_had(log: AuditLog, task: str, store: str) -> None:
    """Where there is no registry: IntegrityError if the audit log tells of a champion. store: where it would be."""
    if moves := moves_of(log, task):
        raise IntegrityError(
            f"{task}: v{moves[-1].what['version']} was made champion ({_line(moves[-1])}), but there is no registry at "
            f"{store}\n    Restore it from a backup, or pass its address: --ftgate-tracking-uri URI"
        )


def _known(moves: Sequence[Entry], versions: Sequence[Version]) -> tuple[Predecessor, ...]:
    """The champions that the audit log has announced, or else those that the tags tell of, newest first."""
    announced = [Predecessor(int(each.what["version"]), str(each.what["digest"])) for each in reversed(moves)]
    promoted = sorted(
        (each for each in versions if each.promotion), key=lambda each: str(each.promotion.get("at")), reverse=True
    )
    return tuple(dict.fromkeys(announced or [each.as_predecessor() for each in promoted]))


def _without_mark(version: Version | None, moves: Sequence[Entry], versions: Sequence[Version]) -> Iterator[str]:
    """No promotion was ever confirmed here: then at most a first one was under way, of a version that is still there.

    An alias that another program has set is a champion, as long as no promotion of ours is on record.
    """
    there = {each.as_predecessor() for each in versions}
    for move in moves:
        if Predecessor(move.what["version"], move.what["digest"]) not in there:
            yield f"v{move.what['version']} was made champion ({_line(move)}), but was deleted by hand in MLflow"
            return
        if move.what["over"] is not None:
            yield f"v{move.what['over']} was the champion ({_line(move)}), but MLflow holds no record of that any more"
            return
    promoted = [each for each in versions if each.promotion]
    if version is None and promoted and (not moves or promoted[0].predecessors):
        yield f"the tags of v{promoted[-1].number} say that there was a champion, but there is none: deleted by hand"
    if version is not None and promoted and not follows(version, None):
        yield f"v{version.number} is the champion, but no promotion of it is on record: alias moved by hand in MLflow"


def _against_mark(
    version: Version | None, mark: Mark, entries: Sequence[Entry], log: AuditLog, versions: Sequence[Version]
) -> Iterator[str]:
    """The alias stands where the last promotion has set it, or where one that was killed right after has."""
    was = mark.champion
    lines, torn = log.lines()
    for finding in check_heads(lines[:-1] if torn else lines, [mark.head], place_of(log.path)):
        yield f"the audit log does not hold the promotion of v{was.number}: {finding}"
    newer = [move for move in moves_in(entries) if move.log == mark.head.log and move.line > mark.head.line]
    if lost := next((move for move in newer if (move.what["over"] or 0) != was.number), None):
        yield f"v{lost.what['over']} was the champion ({_line(lost)}), but the last one in MLflow is v{was.number}"
    elif confirmed := last_confirmed(entries, newer):
        yield f"v{confirmed.what['version']} was made champion ({_line(confirmed)}), but MLflow has v{was.number}"
    if version is None and was != NOBODY:
        gone = "the alias was" if was in {each.as_predecessor() for each in versions} else "that version was"
        yield f"v{was.number} is the champion on record, but {gone} deleted by hand in MLflow"
    if version is not None and version.as_predecessor() != was and not follows(version, mark):
        recorded = f"v{was.number} is the champion" if was != NOBODY else "no champion is"
        yield f"{recorded} on record, but the alias was moved by hand in MLflow to v{version.number}"


def _line(move: Entry) -> str:
    return f"{move.kind}, line {move.line} of the audit log"


def _or_none(ask: Callable[..., Any], *args: str) -> Any:
    try:
        return ask(*args)
    except Exception as error:
        if code_of(error) == MISSING:
            return None
        raise
