"""What a promoter signs: one move of one task's champion, which fits no other and no later one."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from pytest_ftgate.files.digest import canonical


@dataclass(frozen=True, slots=True)
class Statement:
    """kind: as in audit.KINDS. to, over: the new champion and the one until now, as "v3@<digest>"; "" = none.

    after: sha256 of the audit line of the move before this one, so that an old signature fits no new move. keys:
    fingerprints of the promoters from now on, of kind "promoters" alone.
    """

    task: str
    kind: str
    to: str
    over: str
    reason: str
    after: str
    keys: tuple[str, ...] = ()

    def to_bytes(self) -> bytes:
        """What is signed."""
        return canonical({"ftgate": 1, **asdict(self)}).encode("utf-8", "surrogatepass")
