"""Tags of registered versions -> how often a golden set has decided, and how many candidates a round has tried.

The tags are written when a version is registered, so the count is kept where the versions are: teams that share a
registry share it, and nothing has to be written twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_ftgate.registry import Registry, Version

ROUND = "ftgate.round"
"""Tag: the champion that a version was compared with, see `round_of`."""

OVERUSED = 32
"""Decisions after which the golden set has been used too often."""


_GOLDEN = "golden."


def golden_tag(name: str) -> str:
    """The tag with the digest of a golden set that decided about a version."""
    return f"{_GOLDEN}{name}"


def goldens_of(version: Version) -> Iterator[tuple[str, str]]:
    """(name, digest) of each golden set that decided about a version."""
    for tag, digest in version.tags.items():
        if tag.startswith(_GOLDEN):
            yield tag.removeprefix(_GOLDEN), digest


def round_of(champion: Version | None) -> str:
    """What names the promotion round: the champion, and when it became that. A rollback begins a new one."""
    if champion is None:
        return "no champion yet"
    how = champion.promotion
    return f"v{champion.number}, {how.get('kind', 'moved')} at {how.get('at', 'some time')}"


def tried(versions: Iterable[Version], champion: Version | None, name: str, digest: str, candidate: str) -> int:
    """Candidates judged in this round on the golden set `name` as it is now, the one with digest `candidate` included.

    The same adapter judged twice is one candidate; a set that was changed begins anew.
    """
    before = {
        version.digest
        for version in versions
        if version.tags.get(ROUND) == round_of(champion)
        and version.tags.get(golden_tag(name)) == digest
        and version.tags.get("verdict")
    }
    return len(before | {candidate})


def uses(registry: Registry, name: str, digest: str) -> int:
    """How many versions, of any task, the golden set as it is now has decided about."""
    versions = (version for task in registry.tasks() for version in registry.versions(task))
    return sum(version.tags.get(golden_tag(name)) == digest for version in versions)


def wear(count: int) -> str:
    """How far a golden set is used up: "5 of 32 decisions"."""
    return f"{count} of {OVERUSED} decisions" + ("; overused: write new cases" if count > OVERUSED else "")


def overused(name: str, count: int) -> str:
    """The warning about an overused golden set; "" while it is not."""
    if count <= OVERUSED:
        return ""
    return (
        f"{name} has decided on about {count} versions, more than {OVERUSED}: overused, results may be overfitted; "
        "write new cases, then: ftgate lock"
    )
