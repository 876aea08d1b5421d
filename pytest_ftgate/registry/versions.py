"""Adapter folder -> registered version, and back to a folder whose digest was checked."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pytest_ftgate.errors import FtgateError, RegistryError
from pytest_ftgate.registry.access.cipher import FILE, sealed_digest
from pytest_ftgate.registry.client import HUB, Client
from pytest_ftgate.registry.error_codes import TAKEN, code_of
from pytest_ftgate.registry.location import check_task
from pytest_ftgate.registry.signature import Keys, check_signature, key_hint, sign
from pytest_ftgate.registry.store import Store
from pytest_ftgate.registry.version import DIGEST, ENCRYPTED, MODEL, RUN, SIGNED, TASK_TAG, Version, to_version

Digest = Callable[[Path], str]

UNSIGNED = Keys()


def adapter_digest(path: Path) -> str:
    """The digest of an adapter folder, as the server of models counts it."""
    from pytest_ftgate.serve import model

    return model.artifact_digest(path)


def version_of(store: Store, task: str, number: int) -> Version:
    """One version; RegistryError lists those there are."""
    found = {version.number: version for version in versions_of(store, task)}
    if number in found:
        return found[number]
    known = ", ".join(f"v{each}" for each in found) or "none"
    raise RegistryError(f"{task} has no version v{number}; registered: {known}")


def versions_of(store: Store, task: str) -> list[Version]:
    """All versions, oldest first."""
    found: list[Version] = []
    token: str | None = ""
    with store.asking(f"cannot list the versions of {task}") as client:
        while token is not None:
            page = client.search_model_versions(f"name = '{check_task(task)}'", page_token=token or None)
            found += map(to_version, page)
            token = page.token or None
    return sorted(found, key=lambda version: version.number)


def add_version(  # noqa: PLR0913, PLR0917
    store: Store,
    digest_of: Digest,
    task: str,
    adapter_dir: Path,
    digest: str,
    run_id: str,
    tags: Mapping[str, str],
    keys: Keys = UNSIGNED,
) -> Version:
    """Upload the adapter under its run, signed if there is a key, and register it. See `Registry.add_version`."""
    check_task(task)
    _check_digest(digest_of, adapter_dir, digest, f"the adapter to register for {task}, {adapter_dir}")
    tags = {**{key: str(value) for key, value in tags.items()}, DIGEST: digest, RUN: run_id}
    with tempfile.TemporaryDirectory(prefix="ftgate-") as draft:
        signature = sign(adapter_dir, keys.signing, Path(draft)) if keys.signing else None
        tags |= {SIGNED: key_hint(signature)} if signature else {}
        if known := _same(store, digest_of, task, tags, keys):
            return _retagged(store, known, tags)
        folder = f"adapter-{digest[:12]}"
        with store.asking(f"cannot register the adapter of {task}") as client:
            if keys.cipher.encrypt:
                files = [*adapter_dir.iterdir(), *([signature] if signature else [])]
                packed = keys.cipher.pack(files, Path(draft))
                tags[ENCRYPTED] = sealed_digest(packed)
                client.log_artifact(run_id, str(packed), folder)
            else:
                client.log_artifacts(run_id, str(adapter_dir), folder)
                if signature:
                    client.log_artifact(run_id, str(signature), folder)
            source = f"{client.get_run(run_id).info.artifact_uri.rstrip('/')}/{folder}"
            _ensure_task(client, task)
            return to_version(client.create_model_version(task, source, run_id, tags=tags))


def tag_version(store: Store, version: Version, tags: Mapping[str, str]) -> None:
    """Give a version tags, those that it has not got yet."""
    with store.asking(f"cannot tag {version}") as client:
        for key, value in tags.items():
            if version.tags.get(key) != value:
                client.set_model_version_tag(version.task, str(version.number), key, value)


def tag_task(store: Store, task: str, tags: Mapping[str, str]) -> None:
    """Give a task tags; it is made if it is not there any more."""
    with store.asking(f"cannot tag {task}") as client:
        _ensure_task(client, task)
        for key, value in tags.items():
            client.set_registered_model_tag(task, key, value)


def fetch(store: Store, digest_of: Digest, version: Version, dest: Path, keys: Keys = UNSIGNED) -> Path:
    """Copy the adapter to the folder `dest` and check it there. See `Registry.fetch`."""
    if not version.digest:
        raise RegistryError(f"{version} was registered by another program without a digest and cannot be served")
    if dest.is_dir() and _is_whole(digest_of, version, dest, keys.verify):
        return dest
    dest.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=dest.parent) as draft:
        found = _download(store, version, Path(draft))
        if ENCRYPTED in version.tags:
            found = keys.cipher.unpack(_encrypted(version, found), Path(draft) / "plain")
        _check_stored(digest_of, version, found, keys.verify)
        while not _placed(found, dest):
            if _is_whole(digest_of, version, dest, keys.verify):
                break  # another process has fetched it meanwhile, and may be reading it
            shutil.rmtree(dest, ignore_errors=True)
    return dest


def stored(store: Store, digest_of: Digest, version: Version, dest: Path, keys: Keys = UNSIGNED) -> Path:
    """Copy what is kept of a version to the folder `dest`, checked: of an encrypted one as it is, else as `fetch`."""
    if ENCRYPTED not in version.tags:
        return fetch(store, digest_of, version, dest, keys)
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=dest.parent) as draft:
        _replace_folder(_encrypted(version, _download(store, version, Path(draft))).parent, dest)
    return dest


def verify(store: Store, digest_of: Digest, version: Version, keys: Keys = UNSIGNED) -> None:
    """RegistryError unless the stored adapter has the registered digest (and a signature that fits the key).

    A copy is made only of a remote one. Of an encrypted one, where it cannot be decrypted, that it is as it was kept.
    """
    with tempfile.TemporaryDirectory(prefix="ftgate-") as folder:
        if ENCRYPTED in version.tags and not keys.cipher.decrypt:
            _encrypted(version, _local_folder(version.source) or _download(store, version, Path(folder)))
        elif version.digest and ENCRYPTED not in version.tags and (local := _local_folder(version.source)):
            _check_stored(digest_of, version, local, keys.verify)
        else:
            fetch(store, digest_of, version, Path(folder) / "adapter", keys)


def _encrypted(version: Version, folder: Path) -> Path:
    file = folder / FILE
    if not file.is_file() or sealed_digest(file) != version.tags[ENCRYPTED]:
        raise RegistryError(
            f"the stored adapter of {version} is encrypted, and is not what was kept then: not used\n"
            "    Restore the file, roll back (`ftgate rollback TASK --to N`), or train again"
        )
    return file


def _check_stored(digest_of: Digest, version: Version, folder: Path, key: Path | None) -> None:
    what = f"the stored adapter of {version}"
    _check_digest(digest_of, folder, version.digest, what)
    if key:
        check_signature(folder, key, what)


def _is_whole(digest_of: Digest, version: Version, folder: Path, key: Path | None) -> bool:
    try:
        _check_stored(digest_of, version, folder, key)
    except RegistryError:
        return False
    return True


def _ensure_task(client: Client, task: str) -> None:
    try:
        client.create_registered_model(task, tags=TASK_TAG)
    except Exception as error:
        if code_of(error) != TAKEN:
            raise


def _same(store: Store, digest_of: Digest, task: str, tags: Mapping[str, str], keys: Keys) -> Version | None:
    """The newest version of the same adapter for the same base, signed alike, if its stored files are whole."""
    for version in reversed(versions_of(store, task)):
        if bool(keys.cipher.encrypt) != (ENCRYPTED in version.tags):
            continue
        if all(version.tags.get(tag) == tags.get(tag) for tag in (DIGEST, MODEL)) and version.tags.get(
            SIGNED
        ) == tags.get(SIGNED, version.tags.get(SIGNED)):
            try:
                verify(store, digest_of, version, keys)
            except RegistryError:
                continue
            return version
    return None


def _retagged(store: Store, version: Version, tags: Mapping[str, str]) -> Version:
    """The version with the tags of its newest run: that run's verdict, digests and results count from now on."""
    tag_version(store, version, tags)
    return version_of(store, version.task, version.number)


def _download(store: Store, version: Version, into: Path) -> Path:
    with store.asking(f"cannot fetch the adapter of {version} from {version.source}") as client:
        if version.source.startswith(HUB):
            run_id, _, folder = version.source.rpartition("/artifacts/")[2].partition("/")
            return Path(client.download_artifacts(run_id, folder, str(into)))
        from mlflow.artifacts import download_artifacts

        return Path(download_artifacts(artifact_uri=version.source, dst_path=str(into), tracking_uri=store.uri))


def _local_folder(source: str) -> Path | None:
    parts = urlsplit(source)
    return Path(unquote(parts.path) if parts.scheme else source) if parts.scheme in {"", "file"} else None


def _placed(new: Path, dest: Path) -> bool:
    """Give a folder its place; False if there is one already."""
    try:
        new.rename(dest)
    except OSError:
        if not dest.exists():
            raise
        return False
    return True


def _replace_folder(new: Path, dest: Path) -> None:
    if dest.exists():
        shutil.rmtree(dest)
    new.rename(dest)


def _check_digest(digest_of: Digest, folder: Path, expected: str, what: str) -> None:
    try:
        found = digest_of(folder)
        shown = f"has the digest {found}"
    except (OSError, ValueError, KeyError, FtgateError) as error:
        found, shown = "", f"is incomplete ({next(iter(str(error).splitlines()), type(error).__name__)})"
    if found != expected:
        raise RegistryError(
            f"{what} {shown}, expected {expected}: changed since it was tested, not used\n"
            "    Restore the files, roll back (`ftgate rollback TASK --to N`), or train again"
        )
