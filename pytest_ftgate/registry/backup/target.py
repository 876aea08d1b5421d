"""(registry, task of a backup) -> Target: what of it is there already, and what there is not of the backup."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_ftgate.registry.backup.full_client import RESTORING, full
from pytest_ftgate.registry.backup.manifest import SavedTask, SavedVersion
from pytest_ftgate.registry.error_codes import MISSING, code_of
from pytest_ftgate.registry.version import REGISTERED, RESTORED_RUN, TASK_TAG, Version

if TYPE_CHECKING:
    from pytest_ftgate.registry import Registry
    from pytest_ftgate.registry.client import Client

OWN = {REGISTERED, RESTORED_RUN}
"""Tags that a restore adds."""


@dataclass(frozen=True, slots=True)
class Target:
    """complete: numbers of versions that are there as they were. faults: what differs. whole: nothing is lacking."""

    complete: frozenset[int]
    faults: tuple[str, ...]
    whole: bool


def look(registry: Registry, task: SavedTask) -> Target:
    """Compare. A version that an earlier restore has left unfinished is neither complete nor a fault."""
    there = [each for each in registry.versions(task.name) if RESTORING not in each.tags]
    wanted = {version.number: version for version in task.versions}
    with registry.store.asking(f"cannot read {task.name}") as client:
        aliases, tags = _model(full(client), task.name)
    faults = [fault for each in there for fault in _differs(each, wanted.get(each.number))]
    for alias, number in aliases.items():
        if task.aliases.get(alias) != number:
            faults.append(f"{task.name}: its alias {alias} is v{number}, {_in_backup(task.aliases.get(alias))}")
    for tag, value in tags.items():
        if task.tags.get(tag) != value:
            faults.append(f"{task.name}: its tag {tag} differs: the task has moved on since the backup")
    complete = frozenset(each.number for each in there)
    whole = complete >= set(wanted) and aliases == task.aliases and tags == task.tags
    return Target(complete, tuple(faults), whole)


def _model(client: Client, name: str) -> tuple[dict[str, int], dict[str, str]]:
    """(aliases, tags) of a task; none if it is not there."""
    try:
        found = client.get_registered_model(name)
    except Exception as error:
        if code_of(error) == MISSING:
            return {}, {}
        raise
    aliases = {str(alias): int(number) for alias, number in dict(found.aliases or {}).items()}
    return aliases, {key: value for key, value in dict(found.tags or {}).items() if key not in TASK_TAG}


def _differs(version: Version, saved: SavedVersion | None) -> Iterator[str]:
    if saved is None:
        yield f"{version} is not in the backup"
    elif version.digest != saved.digest:
        yield f"{version} has the digest {version.digest[:12]}, in the backup {saved.digest[:12]}"
    else:
        here = {key: value for key, value in version.tags.items() if key not in OWN}
        for tag in sorted({*here, *saved.tags}):
            if here.get(tag) != saved.tags.get(tag):
                yield f"{version}: its tag {tag} differs: it was judged or promoted again since the backup"


def _in_backup(number: int | None) -> str:
    return f"in the backup v{number}" if number else "which the backup does not have"
