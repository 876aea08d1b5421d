"""A backup in a folder -> the registry, of any kind, with numbers, digests, tags and champions as they were.

Order, so that a call after a kill completes what was begun: nothing is written unless target and audit log can take it;
the audit log; the line of it that announces the restore; runs, each whole once it has its status; versions, each whole
once its tag `RESTORING` is gone; aliases, then the champion's mark, under the lock of the task. Until a task has its
champion again, the audit log tells of one that is not there: an integrity fault, never a task without a champion.
MLflow gives runs new ids: `ftgate.restored` keeps the old one, and the versions remember both.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.errors import RegistryError
from pytest_ftgate.registry import bases, versions
from pytest_ftgate.registry.audit.entry import Entry, read_entry
from pytest_ftgate.registry.audit.moves import moves_of
from pytest_ftgate.registry.backup import manifest as manifests
from pytest_ftgate.registry.backup.blobs import Blobs
from pytest_ftgate.registry.backup.full_client import RESTORING, full
from pytest_ftgate.registry.backup.manifest import Manifest, SavedTask, SavedVersion
from pytest_ftgate.registry.backup.restored_runs import restore_runs
from pytest_ftgate.registry.backup.target import Target, look
from pytest_ftgate.registry.version import CHAMPION, DIGEST, REGISTERED, RESTORED_RUN

if TYPE_CHECKING:
    from pytest_ftgate.registry import Registry

Say = Callable[[str], None]
KIND = "restore"


def restore(registry: Registry, folder: Path, say: Say) -> Manifest:
    """Bring back what the backup holds and the registry lacks. Raises RegistryError or AuditError, nothing changed, if
    the registry or the state folder holds something else.
    """
    manifest, blobs = manifests.read(folder), Blobs(folder)
    blobs.check(manifest.blobs())
    targets = {task.name: look(registry, task) for task in manifest.tasks}
    content = blobs.read(manifest.audit) if manifest.audit else b""
    if faults := [fault for target in targets.values() for fault in target.faults]:
        raise RegistryError(
            "the registry is not empty, and differs from the backup; nothing was restored\n    " + "\n    ".join(faults)
        )
    registry.log.extend_to(content)
    lacking = [task for task in manifest.tasks if not targets[task.name].whole]
    if lacking:
        for line in _later_moves(registry, lacking, content):
            say(line)
        _announce(registry, manifest, content)
    for task in lacking:
        _restore_task(registry, blobs, task, targets[task.name], say)
    for digest, files in manifest.bases.items():
        _restore_base(registry, blobs, digest, files, say)
    if not lacking:
        say("all tasks of the backup are here as they were: nothing to restore")
    return manifest


def _announce(registry: Registry, manifest: Manifest, content: bytes) -> None:
    """The line of the audit log, once for each backup; tasks whose champions it tells of and that are not in the backup
    begin anew, if the log was nothing but that of the backup.
    """
    lines = registry.log.lines()[0]
    entries = [entry for line in lines[content.count(b"\n") :] if (entry := read_entry(line))]
    if not any(entry.kind == KIND and entry.what.get("backup") == manifest.id for entry in entries):
        champions = {task.name: task.aliases.get(CHAMPION) for task in manifest.tasks}
        registry.log.append(KIND, "", {"backup": manifest.id, "champions": champions, "from": manifest.registry})
    if content and all(entry.kind in {KIND, "reset"} for entry in entries):
        _begin_anew(registry, manifest, [entry for entry in entries if entry.kind == "reset"])


def _later_moves(registry: Registry, tasks: Iterable[SavedTask], content: bytes) -> Iterator[str]:
    """What the log that was kept tells of the champions, and a backup from before does not know."""
    whole = content.count(b"\n")
    for entry in (each for task in tasks for each in moves_of(registry.log, task.name)):
        if entry.line > whole:
            told = f"{entry.kind} v{entry.what.get('version', '?')} of {entry.at}"
            yield f"{entry.task}: {told} is in the audit log, but not in this older backup"


def _begin_anew(registry: Registry, manifest: Manifest, done: Iterable[Entry]) -> None:
    there = {*registry.tasks(), *(task.name for task in manifest.tasks), *(entry.task for entry in done)}
    for name in registry.recorded_tasks():
        if name not in there:
            registry.leave_out(name, "not in the backup that the registry was restored from")


def _restore_task(registry: Registry, blobs: Blobs, task: SavedTask, target: Target, say: Say) -> None:
    ids = restore_runs(registry.store, blobs, task)
    versions.tag_task(registry.store, task.name, {})
    for version in sorted(task.versions, key=lambda each: each.number):
        if version.number not in target.complete:
            _restore_version(registry, blobs, task.name, version, ids[version.run])
    with registry.lock(task.name) as held:
        for alias, number in task.aliases.items():
            held.check()
            with registry.store.asking(f"cannot restore the alias {alias} of {task.name}") as client:
                client.set_registered_model_alias(task.name, alias, str(number))
        held.check()
        versions.tag_task(registry.store, task.name, task.tags)
    champion = task.aliases.get(CHAMPION)
    say(
        f"{task.name}: {len(task.versions)} versions, {len(task.runs)} runs, "
        f"{f'v{champion} is the champion' if champion else 'no champion'}"
    )


def _restore_version(registry: Registry, blobs: Blobs, task: str, version: SavedVersion, run_id: str) -> None:
    """The adapter below its run, then the version under its number, checked in the registry."""
    name = f"adapter-{version.digest[:12]}"
    tags = {**version.tags, REGISTERED: str(version.created_ms), RESTORED_RUN: f"{version.run}={run_id}"}
    with (
        tempfile.TemporaryDirectory(prefix="ftgate-") as draft,
        registry.store.asking(f"cannot restore {task} v{version.number}") as client,
    ):
        folder = blobs.lay_out(version.files, Path(draft, name))
        client.log_artifacts(run_id, str(folder), name)
        source = f"{client.get_run(run_id).info.artifact_uri.rstrip('/')}/{name}"
        number = _numbered(registry, task, version.number, source, run_id)
        for key, value in sorted(tags.items(), key=lambda tag: tag[0] == DIGEST):
            client.set_model_version_tag(task, number, key, value)
    versions.verify(registry.store, registry.digest_of, registry.version(task, version.number), registry.keys)
    with registry.store.asking(f"cannot restore {task} v{version.number}") as client:
        full(client).delete_model_version_tag(task, number, RESTORING)


def _numbered(registry: Registry, task: str, wanted: int, source: str, run_id: str) -> str:
    """A version of that number, an unfinished one of an earlier call or a new one. MLflow counts: the numbers of
    versions that were deleted before the backup are given out and deleted again.
    """
    begun = {each.number for each in registry.versions(task) if RESTORING in each.tags}
    with registry.store.asking(f"cannot restore {task} v{wanted}") as client:
        for gap in sorted(number for number in begun if number < wanted):
            full(client).delete_model_version(task, str(gap))
        if wanted in begun:
            return str(wanted)
        while True:
            number = int(client.create_model_version(task, source, run_id, tags={RESTORING: "1"}).version)
            if number == wanted:
                return str(number)
            full(client).delete_model_version(task, str(number))
            if number > wanted:
                raise RegistryError(
                    f"{task} v{wanted} cannot be restored: the registry has given out the number {number} already\n"
                    "    Restore into an empty registry: --tracking-uri URI"
                )


def _restore_base(registry: Registry, blobs: Blobs, digest: str, files: manifests.Files, say: Say) -> None:
    if bases.has(registry.store, digest):
        return
    with tempfile.TemporaryDirectory(prefix="ftgate-") as draft:
        bases.keep(registry.store, blobs.lay_out(files, Path(draft, digest[:16])), digest)
    say(f"base model of digest {digest[:12]} restored")
