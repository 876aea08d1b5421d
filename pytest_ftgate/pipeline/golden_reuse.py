"""Tags of registered versions -> how often a golden set has decided, and how many candidates a round has tried.

The tags are written when a version is registered, so the count is kept where the versions are: teams that share a
registry share it, and nothing has to be written twice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from pytest_ftgate.pipeline.question_sketch import Sketch, of_tag, shared, sketch_of, to_tag

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.registry import Registry, Version

ROUND = "ftgate.round"
"""Tag: the champion that a version was compared with, see `round_of`."""

OVERUSED = 32
"""Decisions after which the golden set has been used too often."""


SAME = 1 / 3
"""Two golden sets count as one if this share of all their questions is in both: half of each, if they are as large."""

_GOLDEN = "golden."
_QUESTIONS = "questions."


def golden_tags(suite: Suite) -> dict[str, str]:
    """What a version keeps of a golden set that decided about it: its digest, and the sketch of its questions."""
    sketch = to_tag(sketch_of(suite.cases))
    return {f"{_GOLDEN}{suite.name}": suite.digest, f"{_QUESTIONS}{suite.name}": sketch}


def goldens_of(version: Version) -> Iterator[tuple[str, str, Sketch]]:
    """(name, digest, sketch of its questions) of each golden set that decided about a version."""
    for tag, digest in version.tags.items():
        if tag.startswith(_GOLDEN):
            name = tag.removeprefix(_GOLDEN)
            yield name, digest, of_tag(version.tags.get(f"{_QUESTIONS}{name}", ""))


def round_of(champion: Version | None) -> str:
    """What names the promotion round: the champion, and when it became that. A rollback begins a new one."""
    if champion is None:
        return "no champion yet"
    how = champion.promotion
    return f"v{champion.number}, {how.get('kind', 'moved')} at {how.get('at', 'some time')}"


def tried(
    versions: Sequence[Version],
    champion: Version | None,
    questions: Sketch,
    candidate: str,
    judged: Collection[str] = (),
) -> int:
    """Candidates judged in this round on a golden set with these questions, the one with digest `candidate` included.

    The same adapter judged twice is one candidate. A set of which less than half was exchanged is the same set,
    whatever its name, ids, answers and graders are now. judged: digests of the round's candidates by the audit log; one
    whose version is gone counts, whatever it was asked.
    """
    gone = set(judged) - {version.digest for version in versions}
    before = {
        version.digest
        for version in versions
        if version.tags.get(ROUND) == round_of(champion) and version.tags.get("verdict") and _used(version, questions)
    }
    return len(before | gone | {candidate})


def uses(registry: Registry, questions: Sketch) -> int:
    """How many versions, of any task, a golden set with these questions has decided about."""
    versions = (version for task in registry.tasks() for version in registry.versions(task))
    return sum(_used(version, questions) for version in versions)


def _used(version: Version, questions: Sketch) -> bool:
    return any(shared(sketch, questions) >= SAME for _, _, sketch in goldens_of(version))


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
