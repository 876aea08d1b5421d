"""Folder of a base model <-> the registry, once for each content, so that a machine without the folder can serve.

A run of the experiment `ftgate/bases`, which no task can be called, holds the files of one digest. It is finished, and
so taken for whole, only after all files and the list of them are there. What was interrupted is gone on with.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import RegistryError
from pytest_ftgate.files.digest import file_digest
from pytest_ftgate.registry.client import Client
from pytest_ftgate.registry.runs import ensure_experiment
from pytest_ftgate.registry.store import Store

EXPERIMENT = "ftgate/bases"
TAG = "ftgate.base_digest"
LIST = "files.json"
"""Name -> sha256 of every file, beside the folder `FOLDER` of the run."""
FOLDER = "model"

OnFile = Callable[[int, int], None]
"""Called with the number of files that are there and of all."""


def has(store: Store, digest: str) -> bool:
    """Whether the registry holds a base model whole."""
    with store.asking("cannot list the base models") as client:
        return any(run.info.status == "FINISHED" for run in _runs(client, digest))


def keep(store: Store, folder: Path, digest: str, on_file: OnFile = lambda _done, _all: None) -> bool:
    """Upload a base model's folder unless it is there; whether it was uploaded. digest: `folder_digest` of it.

    Raises RegistryError; ServeError if the folder holds no model.
    """
    from pytest_ftgate.serve.model import folder_digest, model_files

    if has(store, digest):
        return False
    if (found := folder_digest(folder)) != digest:
        raise RegistryError(f"the base model {folder} has the digest {found}, expected {digest}: not uploaded")
    files = model_files(folder)
    with store.asking(f"cannot upload the base model {folder}") as client:
        run_id = _begun(client, store, digest, folder.name)
        there = {Path(each.path).name: each for each in client.list_artifacts(run_id, FOLDER)}
        for number, file in enumerate(files, 1):
            if getattr(there.get(file.name), "file_size", None) != file.stat().st_size:
                client.log_artifact(run_id, str(file), FOLDER)
            on_file(number, len(files))
        with tempfile.TemporaryDirectory(prefix="ftgate-") as draft:
            names = Path(draft) / LIST
            names.write_text(json.dumps({file.name: file_digest(file) for file in files}), encoding="utf-8")
            client.log_artifact(run_id, str(names))
        client.set_terminated(run_id, "FINISHED")
    return True


def fetch(store: Store, digest: str, dest: Path, on_file: OnFile = lambda _done, _all: None) -> Path:
    """The base model in the folder `dest`, its content compared with the digest just now.

    A download that was interrupted is gone on with; a damaged copy is replaced. Raises RegistryError if the registry
    does not hold it, or holds something else.
    """
    if _is(dest, digest):
        return dest
    draft = dest.with_name(f".{dest.name}.part")
    draft.mkdir(parents=True, exist_ok=True)
    run_id = _whole(store, digest)
    files = _listed(store, run_id)
    for number, (name, sha256) in enumerate(files.items(), 1):
        if not _has(draft / name, sha256):
            _download(store, run_id, f"{FOLDER}/{name}", draft)
        on_file(number, len(files))
    if not _is(draft, digest):
        shutil.rmtree(draft)
        raise RegistryError(
            f"the base model of digest {digest[:12]} in the registry (MLflow run {run_id}) is damaged: not used\n"
            "    Pass its folder: --base DIR; or delete that run, and register or back up again where the folder is"
        )
    if dest.exists():
        shutil.rmtree(dest)
    draft.rename(dest)
    return dest


def digests(store: Store) -> list[str]:
    """Those that the registry holds whole."""
    with store.asking("cannot list the base models") as client:
        found = _runs(client, None)
    return sorted({str(run.data.tags[TAG]) for run in found if run.info.status == "FINISHED"})


def _whole(store: Store, digest: str) -> str:
    with store.asking("cannot find the base model") as client:
        found = [run for run in _runs(client, digest) if run.info.status == "FINISHED"]
    if not found:
        raise RegistryError(f"the registry does not hold the base model of digest {digest[:12]}")
    return str(found[0].info.run_id)


def _runs(client: Client, digest: str | None) -> list[Any]:
    """The runs that hold base models, also those that were interrupted."""
    place = client.get_experiment_by_name(EXPERIMENT)
    if place is None:
        return []
    wanted = f"tags.`{TAG}` = '{digest}'" if digest else ""
    return list(client.search_runs([place.experiment_id], wanted, max_results=1000, page_token=None))


def _begun(client: Client, store: Store, digest: str, name: str) -> str:
    """The run of an upload that was interrupted, or a new one."""
    from mlflow.entities import RunTag

    if found := _runs(client, digest):
        return str(found[0].info.run_id)
    experiment = ensure_experiment(client, EXPERIMENT, store.artifact_root)
    run_id = str(client.create_run(experiment, run_name=name).info.run_id)
    client.log_batch(run_id, tags=[RunTag(TAG, digest)])
    return run_id


def _listed(store: Store, run_id: str) -> Mapping[str, str]:
    """The list of files; names with a folder in them are none of ours, and would be written elsewhere."""
    with tempfile.TemporaryDirectory(prefix="ftgate-") as draft:
        found = json.loads(_download(store, run_id, LIST, Path(draft)).read_text(encoding="utf-8"))
    return {str(name): str(sha256) for name, sha256 in found.items() if Path(name).name == name}


def _download(store: Store, run_id: str, path: str, into: Path) -> Path:
    """The file, directly in the folder `into`, whole or not at all."""
    name = path.rpartition("/")[2]
    with (
        tempfile.TemporaryDirectory(prefix=".fetch-", dir=into) as draft,
        store.asking(f"cannot fetch {path} of the run {run_id}") as client,
    ):
        return Path(client.download_artifacts(run_id, path, draft)).rename(into / name)


def _has(file: Path, sha256: str) -> bool:
    return file.is_file() and file_digest(file) == sha256


def _is(folder: Path, digest: str) -> bool:
    from pytest_ftgate.errors import ServeError
    from pytest_ftgate.serve.model import folder_digest

    try:
        return folder.is_dir() and folder_digest(folder) == digest
    except (ServeError, OSError):
        return False
