"""Tag of a registered model <-> Mark: the champion that a promotion or rollback has confirmed last.

It is written after the alias. So an alias that was deleted or moved by hand, and a version that was deleted, differ
from it; of a process that was killed between the two, the version's own record says which mark it followed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from pytest_ftgate.registry.audit import Entry, Head
from pytest_ftgate.registry.audit.entry import sha256_of
from pytest_ftgate.registry.audit.log import place_of
from pytest_ftgate.registry.version import Predecessor, Version, format_predecessors, parse_predecessors

TAG = "ftgate.champion"
"""Of the registered model, not of a version: who deletes a version does not delete what is known of it."""

HEAD, AFTER = "head", "after"
"""In a version's record of its promotion: its line of the audit log, and the mark that it followed (sha256)."""

NOBODY = Predecessor(0, "")


@dataclass(frozen=True, slots=True)
class Mark:
    """champion: number and digest; NOBODY after a reset. past: champions before it, newest first. head: the line of the
    audit log that announced it.
    """

    champion: Predecessor
    past: tuple[Predecessor, ...]
    head: Head

    @property
    def all(self) -> tuple[Predecessor, ...]:
        """The champion and those before it, newest first."""
        return (self.champion, *self.past) if self.champion != NOBODY else ()

    def to_tag(self) -> str:
        """The text of the tag."""
        return json.dumps({"champions": format_predecessors((self.champion, *self.past)), HEAD: asdict(self.head)})


def read_mark(tags: Mapping[str, str] | None) -> Mark | None:
    """The mark among the tags of a registered model. None if there is none. Raises ValueError if it was edited."""
    text = (tags or {}).get(TAG)
    if text is None:
        return None
    try:
        data = json.loads(text)
        champion, *past = parse_predecessors(data["champions"])
        return Mark(champion, tuple(past), Head(**data[HEAD]))
    except (ValueError, TypeError, KeyError):
        raise ValueError(f"tag {TAG} was edited: {text[:60]!r} is not what a promotion writes") from None


def head_of(entry: Entry, path: Path, by: str) -> Head:
    """Where a line of the audit log stands; path: of the log. by: what the line made champion."""
    return Head(entry.log, entry.line, sha256_of(entry.to_bytes()), place_of(path), by)


def mark_of(version: Version) -> Mark | None:
    """The mark that the promotion of a version writes, or would have written; None if it was never promoted."""
    try:
        head = Head(**version.promotion[HEAD])
    except (KeyError, TypeError):
        return None
    return Mark(version.as_predecessor(), version.predecessors, head)


def follows(version: Version, mark: Mark | None) -> bool:
    """Whether the promotion of a version was announced while `mark` was the last one."""
    return version.promotion.get(AFTER) == (mark.head.sha256 if mark else "")
