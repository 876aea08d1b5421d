"""(repository, revision) -> a folder with exactly the files that were pushed, checked; or a version.

Checked are the sha256 of every file, the digest of the artifact, the signature where a key asks for one, and what the
audit log here says that was pushed under this tag. What is pulled is never the champion by that, and a verdict counts
only where this registry has judged it.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.errors import FtgateError, IntegrityError, RegistryError
from pytest_ftgate.files.digest import file_digest
from pytest_ftgate.registry.audit import AuditLog
from pytest_ftgate.registry.audit.moves import entries_of
from pytest_ftgate.registry.hub.manifest import Manifest
from pytest_ftgate.registry.hub.push import KIND, manifest_at
from pytest_ftgate.registry.hub.repository import MAIN, Repository
from pytest_ftgate.registry.model_tags import BASE, model_of
from pytest_ftgate.registry.signature import check_signature
from pytest_ftgate.registry.version import MODEL, Version
from pytest_ftgate.serve.model import artifact_digest, is_adapter

if TYPE_CHECKING:
    from pytest_ftgate.registry import Registry

PULLED = "ftgate.pulled"
"""Tag of a version: where it was pulled from, "hf://org/name@commit"."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """folder: of the files. commit: what was pulled."""

    folder: Path
    manifest: Manifest
    commit: str


@contextmanager
def pulled(repo: Repository, revision: str, log: AuditLog, key: Path | None) -> Iterator[Pulled]:
    """Download and check, for the block. A download that broke off goes on where it was.

    log: of this state folder. key: public key; if it is set, files without a signature that fits are refused.
    Raises IntegrityError for files that are not what was pushed, RegistryError else.
    """
    commit = repo.commit_of(revision or MAIN)
    manifest = manifest_at(repo, commit)
    if manifest is None:
        raise RegistryError(
            f"{repo.name}@{revision or MAIN} was not pushed by ftgate: no ftgate.json\n    name a tag: {repo.name}@v3"
        )
    _check_known(repo, manifest, log)
    cached = repo.download(manifest.files, commit)
    with tempfile.TemporaryDirectory(prefix="ftgate-") as draft:
        folder = Path(draft, "model")
        folder.mkdir()
        for name, sha256 in manifest.files.items():
            if not (cached / name).is_file() or file_digest(cached / name) != sha256:
                raise _differs(repo, manifest, f"{name} is missing or another file")
            shutil.copyfile(cached / name, folder / name)
        _check(repo, manifest, folder, key)
        yield Pulled(folder, manifest, commit)


def into_folder(found: Pulled, dest: Path) -> None:
    """Put the files into a new folder at once. Raises RegistryError if there is something else."""
    if dest.exists() and (not dest.is_dir() or any(dest.iterdir())):
        raise RegistryError(f"{dest} is there already, and not empty\n    name another folder")
    dest.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".pull-", dir=dest.parent) as draft:
        whole = shutil.copytree(found.folder, Path(draft, "model"))
        if dest.exists():
            dest.rmdir()
        whole.rename(dest)


def register(registry: Registry, found: Pulled, repo: Repository, task: str, base: str) -> tuple[Version, bool]:
    """The version of the task that holds these files, and whether it is new; its verdict is that of this registry.

    base: where the base model is, if it is a folder. Raises RegistryError if it is not the one that was tested.
    """
    manifest = found.manifest
    for version in reversed(registry.versions(task)):
        if (version.digest, version.tags.get(MODEL)) == (manifest.digest, manifest.tags.get(MODEL)):
            return version, False
    tags = dict(manifest.tags) | {PULLED: f"hf://{repo.name}@{found.commit}"}
    if base:
        tags[BASE] = str(Path(base).resolve()) if Path(base).exists() else base
    elif BASE not in tags and not is_adapter(found.folder):
        tags[BASE] = repo.name
    elif BASE not in tags:
        raise RegistryError(
            f"{repo.name} v{manifest.version} was made of a base model in a folder, which is not on the Hub\n"
            "    say where it is here: --base DIR"
        )
    model_of(Version(task, manifest.version, manifest.digest, "", "", 0.0, tags), found.folder)
    run = registry.log_run(task, {"pulled": tags[PULLED]}, {}, {}, {}, {"mlflow.runName": f"pull {repo.name}", **tags})
    return registry.add_version(task, found.folder, manifest.digest, run, tags), True


def _check(repo: Repository, manifest: Manifest, folder: Path, key: Path | None) -> None:
    try:
        digest = artifact_digest(folder)
    except (FtgateError, OSError, ValueError, KeyError) as error:
        raise _differs(repo, manifest, str(error).partition("\n")[0]) from None
    if digest != manifest.digest:
        raise _differs(repo, manifest, f"the files have the digest {digest[:12]}")
    if key:
        check_signature(folder, key, f"{repo.name} v{manifest.version}")


def _check_known(repo: Repository, manifest: Manifest, log: AuditLog) -> None:
    """IntegrityError if another artifact was pushed from here under this number."""
    for entry in entries_of(log, manifest.task):
        here = (entry.what.get("to"), entry.what.get("version")) == (f"hf://{repo.name}", manifest.version)
        if entry.kind == KIND and here and entry.what.get("digest") != manifest.digest:
            raise _differs(
                repo, manifest, f"line {entry.line} of the audit log pushed {str(entry.what.get('digest'))[:12]}"
            )


def _differs(repo: Repository, manifest: Manifest, why: str) -> IntegrityError:
    return IntegrityError(
        f"{repo.name} v{manifest.version} is not what was pushed (digest {manifest.digest[:12]}): {why}; not used\n"
        "    Pull another revision, or push the version again from the registry that has it"
    )
