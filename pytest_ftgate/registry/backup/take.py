"""(registry, tasks) -> a backup in a folder; what an earlier call has copied there is not fetched again.

Each adapter's digest (and signature, if a key is set) is checked before it counts as backed up. The audit log is read
last: it may be longer than the registry knows, as after a kill, never shorter.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import RegistryError
from pytest_ftgate.files.names import RESERVED_END
from pytest_ftgate.registry import bases
from pytest_ftgate.registry.audit.entry import now, who
from pytest_ftgate.registry.backup import manifest as manifests
from pytest_ftgate.registry.backup.blobs import FOLDER as BLOBS
from pytest_ftgate.registry.backup.blobs import Blobs
from pytest_ftgate.registry.backup.full_client import RESTORED, FullClient, full
from pytest_ftgate.registry.backup.manifest import Files, Manifest, Point, SavedRun, SavedTask, SavedVersion
from pytest_ftgate.registry.model_tags import BASE, BASE_DIGEST
from pytest_ftgate.registry.search import A_PAGE
from pytest_ftgate.registry.version import REGISTERED, RESTORED_RUN, TASK_TAG

if TYPE_CHECKING:
    from pytest_ftgate.registry import Registry, Version

Say = Callable[[str], None]


def take(registry: Registry, folder: Path, tasks: Sequence[str], say: Say, *, with_bases: bool = False) -> Manifest:
    """Back up tasks, by default all, into a folder. Raises RegistryError."""
    known = registry.tasks()
    if unknown := sorted({*tasks} - {*known}):
        raise RegistryError(f"no task {unknown[0]!r} in the registry; available: {', '.join(known) or 'none'}")
    names = sorted({*tasks} or known)
    if not names:
        raise RegistryError("no versions registered yet: nothing to back up")
    before = _earlier(folder, names)
    made = _Backup(registry, Blobs(folder), before, say)
    saved = [made.task(name) for name in names]
    kept = dict(made.bases(saved)) if with_bases else {}
    for task in saved:
        facts = {"to": "a backup", "versions": [version.number for version in task.versions]}
        registry.log.append("export", task.name, facts)
    manifest = Manifest(now(), who(), registry.store.shown, made.audit(), tuple(saved), kept)
    manifests.write(folder, manifest)
    made.blobs.prune(manifest.blobs())
    return manifest


def _earlier(folder: Path, names: Sequence[str]) -> Manifest | None:
    """The backup that the folder holds. Raises RegistryError if this one would drop tasks of it, or for other files."""
    folder.mkdir(parents=True, exist_ok=True)
    there = {each.name for each in folder.iterdir()}
    if there and not {manifests.FILE, BLOBS} & there:
        raise RegistryError(f"{folder}: holds other files, no backup; name an empty or a new folder")
    if manifests.FILE not in there:
        return None
    before = manifests.read(folder)
    if left_out := sorted({task.name for task in before.tasks} - {*names}):
        raise RegistryError(
            f"{folder}: holds a backup of {', '.join(left_out)} too, which this one would drop\n"
            "    name all tasks, or another place"
        )
    return before


class _Backup:
    """One backup being made. before: the one whose files need not be fetched again."""

    def __init__(self, registry: Registry, blobs: Blobs, before: Manifest | None, say: Say) -> None:
        self.registry, self.blobs, self.say = registry, blobs, say
        tasks = before.tasks if before else ()
        self._versions = {(task.name, each.number, each.digest): each for task in tasks for each in task.versions}
        self._runs = {run.id: run for task in tasks for run in task.runs}
        self._base_files = before.bases if before else {}

    def task(self, name: str) -> SavedTask:
        """The pointer is read before the versions: a version that was promoted in between has a longer record."""
        with self.registry.store.asking(f"cannot back up {name}") as client:
            model = full(client).get_registered_model(name)
            aliases = {str(alias): int(number) for alias, number in dict(model.aliases or {}).items()}
            tags = {key: value for key, value in dict(model.tags or {}).items() if key not in TASK_TAG}
        found = self.registry.versions(name)
        for each in found:
            if not each.digest:
                self.say(f"{each} was registered by another program without a digest: not in the backup")
        versions = [self._version(each) for each in found if each.digest]
        with self.registry.store.asking(f"cannot back up the runs of {name}") as client:
            sources = [each.source for each in found]
            runs = [self._run(full(client), *each, sources) for each in _finished(client, name)]
        runs.sort(key=lambda run: (run.begin_ms, run.end_ms))
        numbers = {version.number for version in versions}
        kept = {alias: number for alias, number in aliases.items() if number in numbers}
        self.say(f"{name}: {len(versions)} versions, {len(runs)} runs")
        return SavedTask(name, tags, kept, tuple(versions), tuple(runs))

    def bases(self, tasks: Sequence[SavedTask]) -> Iterator[tuple[str, Files]]:
        """The base models that versions were tested on and that are folders: from here, or from the registry.

        One that is nowhere any more is told, with its versions, and left out.
        """
        tested: dict[str, list[tuple[str, str]]] = {}
        for task in tasks:
            for each in task.versions:
                if BASE_DIGEST in each.tags:
                    told = f"{task.name} v{each.number}"
                    tested.setdefault(each.tags[BASE_DIGEST], []).append((told, each.tags.get(BASE, "")))
        for digest, users in sorted(tested.items()):
            known = self._base_files.get(digest)
            if known and all(map(self.blobs.holds, known.values())):
                yield digest, known
            else:
                try:
                    yield digest, self._base([folder for _, folder in users], digest)
                except (RegistryError, OSError) as error:
                    self.say(f"{', '.join(told for told, _ in users)}: base model not in the backup: {error}")

    def audit(self) -> manifests.Blob | None:
        """The log's whole lines."""
        lines, torn = self.registry.log.lines()
        whole = lines[:-1] if torn else lines
        if not whole:
            return None
        with tempfile.TemporaryDirectory(prefix="ftgate-") as draft:
            copy = Path(draft, "audit.jsonl")
            copy.write_bytes(b"".join(line + b"\n" for line in whole))
            return self.blobs.add(copy)

    def _base(self, places: Iterable[str], digest: str) -> Files:
        from pytest_ftgate.serve.model import folder_digest, model_files

        for folder in map(Path, dict.fromkeys(filter(None, places))):
            if folder.is_dir() and folder_digest(folder) == digest:
                return {each.name: self.blobs.add(each) for each in model_files(folder)}
        with tempfile.TemporaryDirectory(prefix="ftgate-") as draft:
            return self.blobs.add_folder(bases.fetch(self.registry.store, digest, Path(draft, "base")))

    def _version(self, version: Version) -> SavedVersion:
        known = self._versions.get((version.task, version.number, version.digest))
        if known and all(map(self.blobs.holds, known.files.values())):
            files = known.files
        else:
            with tempfile.TemporaryDirectory(prefix="ftgate-") as draft:
                files = self.blobs.add_folder(self.registry.stored(version, Path(draft, "adapter")))
        tags = {key: value for key, value in version.tags.items() if key not in {REGISTERED, RESTORED_RUN}}
        created_ms = round(version.created_s * 1000)
        return SavedVersion(version.number, version.digest, version.run_id, created_ms, tags, files)

    def _run(self, client: FullClient, run: Any, experiment: str, sources: Sequence[str]) -> SavedRun:
        info, tags = run.info, dict(run.data.tags)
        own = tags.pop(RESTORED, str(info.run_id))
        root = f"{str(info.artifact_uri).rstrip('/')}/"
        adapters = {source.removeprefix(root) for source in sources if source.startswith(root)}
        listed = dict(_listed(client, str(info.run_id), "", adapters))
        known = self._runs.get(own)
        if (
            known
            and {path: blob.size for path, blob in known.artifacts.items()} == listed
            and all(map(self.blobs.holds, known.artifacts.values()))
        ):
            files = known.artifacts
        else:
            files = self._artifacts(client, str(info.run_id), {path.partition("/")[0] for path in listed} - adapters)
        points = [
            Point(str(point.key), repr(float(point.value)), int(point.timestamp), int(point.step))
            for name in sorted(run.data.metrics)
            for point in client.get_metric_history(str(info.run_id), name)
        ]
        times = int(info.start_time or 0), int(info.end_time or 0)
        name, params = tags.get("mlflow.runName", ""), dict(run.data.params)
        return SavedRun(own, experiment, name, str(info.status), *times, params, tags, tuple(points), files)

    def _artifacts(self, client: FullClient, run_id: str, tops: set[str]) -> Files:
        with tempfile.TemporaryDirectory(prefix="ftgate-") as draft:
            for top in sorted(tops):
                client.download_artifacts(run_id, top, draft)
            return self.blobs.add_folder(Path(draft))


def _finished(client: Any, task: str) -> Iterator[tuple[Any, str]]:
    """(run, name of its experiment), of the task and of its canary."""
    for name in (task, *(f"{task}{end}" for end in RESERVED_END)):
        place = client.get_experiment_by_name(name)
        token: str | None = ""
        while place is not None and token is not None:
            wanted = "attributes.status = 'FINISHED'"
            page = client.search_runs([place.experiment_id], wanted, max_results=A_PAGE, page_token=token or None)
            yield from ((run, name) for run in page)
            token = page.token or None


def _listed(client: FullClient, run_id: str, folder: str, left_out: set[str]) -> Iterator[tuple[str, int]]:
    """(path, bytes) of all files of a run."""
    for each in client.list_artifacts(run_id, folder or None):
        if each.path in left_out:
            continue
        if each.is_dir:
            yield from _listed(client, run_id, each.path, left_out)
        else:
            yield str(each.path), int(each.file_size or 0)
