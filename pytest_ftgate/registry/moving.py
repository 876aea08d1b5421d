"""Who asks for what -> the champion of a task moved, once everything that must hold for it was checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import EllipsisType

from pytest_ftgate.errors import RegistryError
from pytest_ftgate.registry import judged, promotion, versions
from pytest_ftgate.registry.access.policy import KIND, SIGNED, TAG, next_policy, to_tag
from pytest_ftgate.registry.access.promoter_key import public_keys
from pytest_ftgate.registry.access.right import Right, right
from pytest_ftgate.registry.access.statement import Statement
from pytest_ftgate.registry.audit import AuditLog
from pytest_ftgate.registry.promotion_lock import Held
from pytest_ftgate.registry.standing import Standing, look
from pytest_ftgate.registry.store import Store
from pytest_ftgate.registry.version import Version, number_of

Expected = int | EllipsisType | None
"""Number of the champion that a decision was made against; None: there was none; ...: the one of now."""


@dataclass(frozen=True, slots=True)
class Moving:
    """What a registry moves champions with. key: file of the private key of the promoter who does so, if any.

    check: that a stored adapter is what was registered. lock: of a task, see `Registry.lock`. on_step:
    see `Registry`.
    """

    store: Store
    log: AuditLog
    check: Callable[[Version], None]
    lock: Callable[[str], AbstractContextManager[Held]]
    key: Path | None
    on_step: Callable[[str], None] | None = None

    def promote(
        self, target: Version, reason: str, over: Expected, *, override: bool, listed: Sequence[Path]
    ) -> Version:
        """See `Registry.promote`."""
        standing = self._standing(target.task)
        champion = standing.proved
        expected = number_of(champion) if over is ... else over
        if champion and champion.number == target.number:
            return champion
        promotion.check_unmoved(target, expected, champion)
        judged.check_verdict(target, champion, self.log, override=override)
        right(target.task, standing.promoters, listed, self.key)
        self.check(target)
        self._done("verify")
        with self.lock(target.task) as held:
            self._done("lock")
            standing = self._standing(target.task)
            promotion.check_unmoved(target, expected, standing.proved)
            mine = self._right(standing, listed, held, reason)
            move = promotion.to_promote(target, standing.proved, reason, self.log)
            moved = promotion.carry_out(self.store, held, standing, move, self.log, mine.key)
        self._done("move")
        return moved

    def roll_back(self, task: str, reason: str, to: int | None, over: Expected) -> Version:
        """See `Registry.rollback`."""
        standing = self._standing(task)
        plan = promotion.to_roll_back(self.store, standing, to, reason)
        expected = number_of(plan.over) if over is ... else over
        promotion.check_unmoved(plan.target, expected, plan.over)
        right(task, standing.promoters, (), self.key)
        self.check(plan.target)
        self._done("verify")
        with self.lock(task) as held:
            self._done("lock")
            standing = self._standing(task)
            move = promotion.to_roll_back(self.store, standing, to, reason)
            promotion.check_unmoved(plan.target, expected, move.over)
            mine = self._right(standing, (), held, reason)
            moved = promotion.carry_out(self.store, held, standing, move, self.log, mine.key)
        self._done("move")
        return moved

    def _done(self, step: str) -> None:
        if self.on_step:
            self.on_step(step)

    def reset(self, task: str, reason: str) -> None:
        """See `Registry.reset`."""
        with self.lock(task) as held:
            standing = self._standing(task)
            if not standing.faults or standing.there:
                there = standing.there or ((standing.version.as_predecessor(),) if standing.version else ())
                left = f"v{there[0].number} is there" if there else "it has no champion on record"
                raise RegistryError(
                    f"{task} is not reset: {left}\n    {standing.cure if standing.faults else ''}".rstrip()
                )
            signed = self.signed(standing, "reset", "", reason)
            promotion.reset(self.store, held, standing, self.log, {"reason": reason, **signed})

    def set_promoters(self, task: str, files: Sequence[Path], reason: str) -> Standing:
        """See `Registry.set_promoters`."""
        keys = public_keys(files)
        with self.lock(task) as held:
            standing = self._standing(task)
            _ = standing.proved  # a list stands for the champion of its time
            mine = right(task, standing.promoters, () if standing.promoters else files, self.key)
            self._write(standing, Right(mine.key, keys), held, reason)
            return self._standing(task)

    def signed(self, standing: Standing, kind: str, to: str, reason: str) -> dict[str, object]:
        """Facts for the log of what is no promotion: the signature of a promoter, none where everybody may."""
        mine = right(standing.task, standing.promoters, (), self.key)
        if mine.key is None:
            return {}
        after = standing.mark.head.sha256 if standing.mark else ""
        return {SIGNED: asdict(mine.key.sign(Statement(standing.task, kind, to, "", reason, after)))}

    def _right(self, standing: Standing, listed: Sequence[Path], held: Held, reason: str) -> Right:
        mine = right(standing.task, standing.promoters, listed, self.key)
        if mine.keys:
            self._write(standing, mine, held, reason)
        elif standing.promoters:  # who wrote the last list may have been killed before the tag
            versions.tag_task(self.store, standing.task, {TAG: to_tag(standing.promoters)})
        return mine

    def _write(self, standing: Standing, mine: Right, held: Held, reason: str) -> None:
        """A new list of promoters: first in the log, then in the tag."""
        if mine.key is None or mine.keys is None:
            return
        champion = standing.version.as_predecessor() if standing.version else ""
        policy = next_policy(standing.task, standing.promoters, mine.keys, str(champion), reason, mine.key)
        held.check()
        self.log.append(KIND, standing.task, policy.to_json())
        versions.tag_task(self.store, standing.task, {TAG: to_tag((*standing.promoters, policy))})

    def _standing(self, task: str) -> Standing:
        return look(self.store, self.log, task)
