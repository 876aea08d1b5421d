"""Model by a hub id -> the same at a commit, all its files in the local cache; from then on nothing asks the hub.

The download is a step of its own, with its bytes shown, so that no limit of a server's start counts it. It is done by
`huggingface_hub`: a connection that breaks is taken up where it broke, and files that are here are not fetched again.
"""

from __future__ import annotations

import glob
import json
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import MissingExtra, ServeError
from pytest_ftgate.files.atomic import write_text
from pytest_ftgate.files.escape import one_line
from pytest_ftgate.serve.model import Model

FILES = ("*.safetensors", "*.json", "*.jinja", "*.model", "*.txt", "*.tiktoken", "*.py")
"""What a model is read from. Weights in other formats are never fetched. Code of the model's own is run by nothing but
vLLM, told to by --trust-remote-code, which then asks the Hub no more."""

NOT = ("*/*", "consolidated*")
"""Files in folders, and the same weights once more as Mistral writes them."""

TEMPLATES = "additional_chat_templates/*.jinja"
"""The one folder that is read: chat templates by their names, such as that for tools."""

BEGUN, WHOLE = "begun", "whole"
"""What a mark in the cache says of a commit: its download has not ended yet, or every file is here."""

OnBytes = Callable[[int, int], None]
"""Called with the bytes that are here and those that are wanted, now and then."""

MEGA = 1_000_000
COMMIT = 40  # hex digits


def in_megabytes(advance: Callable[[int, str, int], None]) -> OnBytes:
    """A step that is shown, told in megabytes."""
    return lambda done, total: advance(done // MEGA, "MB", total // MEGA)


def is_hub_id(model: Model) -> bool:
    """True if a model is named as "org/name" and is no folder."""
    named = model.base.count("/") == 1 and model.base[0] not in "./~"
    return named and not model.served and not Path(model.base).exists()


def folder_of(model: Model) -> Path | None:
    """The folder that a model is read from: its own, or that in the cache of the hub if it is complete there."""
    if model.served or not is_hub_id(model):
        return Path(model.base) if Path(model.base).is_dir() else None
    try:
        from huggingface_hub import try_to_load_from_cache
    except ImportError:
        return None
    config = try_to_load_from_cache(model.base, "config.json", revision=model.revision)
    folder = Path(config).parent if isinstance(config, str) else None
    return folder if folder and _complete(folder) else None


def offline(model: Model) -> Mapping[str, str]:
    """Variables for a process that reads the model: no word to the hub if all of it is here."""
    return {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"} if folder_of(model) else {}


def fetched(model: Model, on_bytes: OnBytes = lambda _done, _total: None, say: Callable[[str], None] = print) -> Model:
    """The model at a commit, in the cache; a folder or a served name as it is.

    A revision that is a commit, and was here whole before, asks nobody. Without a network, what is cached is taken,
    and said.
    Raises ServeError: no such model or revision, gated, no network and nothing here, no room; MissingExtra.
    """
    if not is_hub_id(model):
        return model
    try:
        import huggingface_hub  # noqa: F401
    except ImportError:
        raise MissingExtra(f"model {model.base} of the Hugging Face Hub", "serve") from None
    if _is_commit(model.revision) and (here := folder_of(model)) and _mark(here).is_file():
        return model
    try:
        listed = _listed(model)
    except Exception as error:  # noqa: BLE001 - those of the HTTP client that the library uses change with its version
        return _cached(model, error, say)
    pinned = replace(model, revision=str(listed.sha))
    folder, sizes = _cache_of(model) / "snapshots" / str(listed.sha), _sizes(listed)
    if folder_of(pinned) is None or not all((folder / name).is_file() for name in sizes):
        _write_mark(folder, BEGUN)
        _download(pinned, sizes, on_bytes)
    with suppress(OSError):  # a cache that others filled may be read-only
        _write_mark(folder, WHOLE)
    _remember(model, str(listed.sha))
    return pinned


def _listed(model: Model) -> Any:
    from huggingface_hub import HfApi

    return HfApi().model_info(model.base, revision=model.revision, files_metadata=True, timeout=30)


def _sizes(listed: Any) -> dict[str, int]:
    """Name -> bytes of the files that are wanted."""
    files = {str(file.rfilename): int(file.size or 0) for file in listed.siblings or ()}
    return {name: size for name, size in files.items() if _is_read(name)}


def _is_read(name: str) -> bool:
    return fnmatch(name, TEMPLATES) or (_matches(name, FILES) and not _matches(name, NOT))


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)


def _cached(model: Model, error: Exception, say: Callable[[str], None]) -> Model:
    """The commit that the cache holds for the revision, if the hub could not be reached. Raises ServeError."""
    if refused(error):
        raise explained(model, error) from error
    found = folder_of(model)
    if found is None:
        raise explained(model, error) from error
    say(f"{model.base}: the hub is not reachable; using the cached commit {found.name[:12]}")
    return replace(model, revision=found.name)


def _download(model: Model, sizes: Mapping[str, int], on_bytes: OnBytes) -> None:
    from huggingface_hub import snapshot_download

    if not any(name.endswith(".safetensors") for name in sizes):
        raise ServeError(f"{model.base}: no *.safetensors among its files; use a revision or a model that has them")
    blobs = _cache_of(model) / "blobs"
    total, here = sum(sizes.values()), _bytes_in(blobs)
    _check_room(model, blobs, total - here)
    with _watched(lambda: on_bytes(min(_bytes_in(blobs), total), total)), _quiet():
        try:
            snapshot_download(model.base, revision=model.revision, allow_patterns=[*map(glob.escape, sizes)])
        except Exception as error:
            raise explained(model, error) from error
    on_bytes(total, total)


def _remember(model: Model, commit: str) -> None:
    """Where the cache keeps to which commit a branch or tag led last, for a run without a network."""
    revision = model.revision or "main"
    if revision != commit:
        path = _cache_of(model) / "refs" / revision
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, commit)


def _cache_of(model: Model) -> Path:
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE, f"models--{model.base.replace('/', '--')}")


def _check_room(model: Model, cache: Path, wanted: int) -> None:
    place = next(path for path in (cache, *cache.parents) if path.exists())
    if (free := shutil.disk_usage(place).free) < wanted:
        raise ServeError(
            f"{model.base}: {wanted // MEGA} MB to download, {free // MEGA} MB free in {place}\n"
            "    free some space, or set HF_HOME to a folder on a larger disk"
        )


@contextmanager
def _watched(look: Callable[[], None]) -> Iterator[None]:
    """Call `look` every half second, in a thread."""
    end = threading.Event()

    def run() -> None:
        while not end.wait(0.5):
            look()

    watcher = threading.Thread(target=run, name="ftgate-download", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        end.set()
        watcher.join()


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the bars of the library, which would stand among a test run's lines."""
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    shown = not are_progress_bars_disabled()
    disable_progress_bars()
    try:
        yield
    finally:
        if shown:
            enable_progress_bars()


def _bytes_in(folder: Path) -> int:
    try:
        return sum(entry.stat().st_size for entry in os.scandir(folder))
    except OSError:  # not there yet, or a file has just got its name
        return 0


def _complete(folder: Path) -> bool:
    """Whether all weights are there that the folder names, and no download of ours ended before its end."""
    mark = _mark(folder)
    if mark.is_file() and mark.read_text("utf-8") != WHOLE:
        return False
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        shards = set(json.loads(index.read_text("utf-8")).get("weight_map", {}).values())
        return all((folder / str(shard)).is_file() for shard in shards)
    files = [path.name for path in folder.glob("*.safetensors")]
    counts = [int(found[1]) for found in map(_SHARD.search, files) if found]
    return bool(files) and all(len(files) >= count for count in counts)


_SHARD = re.compile(r"-\d+-of-(\d+)\.safetensors$")


def _mark(folder: Path) -> Path:
    """Beside the snapshots of a model's cache, where `huggingface_hub` looks for nothing."""
    return folder.parent.parent / ".ftgate" / folder.name


def _write_mark(folder: Path, text: str) -> None:
    mark = _mark(folder)
    if not mark.is_file() or mark.read_text("utf-8") != text:
        mark.parent.mkdir(parents=True, exist_ok=True)
        write_text(mark, text)


def _is_commit(revision: str | None) -> bool:
    return revision is not None and len(revision) == COMMIT and set(revision) <= set("0123456789abcdef")


REFUSALS = frozenset({"GatedRepoError", "RepositoryNotFoundError", "RevisionNotFoundError", "HFValidationError"})
"""Answers of the hub, by the names of `huggingface_hub.errors`: asking the cache would hide them."""


def refused(error: BaseException) -> bool:
    """Whether the hub has answered, and will not give the model."""
    return _kind(error) in REFUSALS


def _kind(error: BaseException) -> str:
    """The first name of the error's classes that has a meaning here."""
    names = [cls.__name__ for cls in type(error).__mro__]
    return next((name for name in names if name in REFUSALS), names[0])


def explained(model: Model, error: Exception) -> ServeError:
    """What went wrong at a request to the hub, in the user's words, and on the second line what to do."""
    at = f"{model.base}@{model.revision}" if model.revision else model.base
    has_token = bool(os.environ.get("HF_TOKEN"))
    login = (
        f"accept its terms at https://huggingface.co/{model.base}, with the account of your HF_TOKEN"
        if has_token
        else f"accept its terms at https://huggingface.co/{model.base}, and set HF_TOKEN to a token of that account"
    )
    texts = {
        "GatedRepoError": ("gated: the hub gives it only to accounts that accepted its terms", login),
        "RepositoryNotFoundError": (
            "not found on the hub, or private",
            "correct [base] model or --ftgate-model" + ("" if has_token else "; for a private model set HF_TOKEN"),
        ),
        "RevisionNotFoundError": ("the model has no such revision", "correct [base] revision"),
        "HFValidationError": ("no valid hub id", "write it as org/name, or pass a model folder"),
    }
    reason = one_line(str(error).strip())[:300]
    offline_fix = "check the network, or use a model folder; a model that is cached whole needs none"
    what, fix = texts.get(_kind(error), (f"cannot be fetched: {type(error).__name__}: {reason}", offline_fix))
    return ServeError(f"{at}: {what}\n    {fix}")
