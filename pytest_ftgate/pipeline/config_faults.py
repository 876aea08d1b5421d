"""What is wrong in a pipeline.toml, each with its line: what its schema sees, and what it cannot see."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from pytest_ftgate.data.readers.renamed import column_faults
from pytest_ftgate.errors import Fault
from pytest_ftgate.files.compressed import plain_name
from pytest_ftgate.files.names import name_problem
from pytest_ftgate.files.schema import check, toml_line
from pytest_ftgate.files.text import shown
from pytest_ftgate.gate.live.plan import ab_problems
from pytest_ftgate.gate.policy import policy_problems
from pytest_ftgate.golden.paths import FOLDER_FILE, SUFFIXES
from pytest_ftgate.pipeline.accelerate_file import accelerate_faults
from pytest_ftgate.pipeline.base_chat import chat_faults
from pytest_ftgate.pipeline.cron import cron_problem
from pytest_ftgate.pipeline.serve_args import argument_problems
from pytest_ftgate.train.method_problems import method_problems
from pytest_ftgate.train.ray.cluster import cluster_problems
from pytest_ftgate.train.unservable import UNSERVABLE, unservable

DATA_FILES = ("train", "validation", "general")


def faults_of(data: dict[str, Any], text: str, path: Path) -> Iterator[Fault]:
    """All that is wrong in the file at `path`. data: what was read of `text`."""
    if problem := name_problem(path.parent.name):
        yield Fault(shown(path), 0, f"pipeline name {path.parent.name!r} {problem}", "rename the folder")
    for keys in list(unservable(data.get("lora"), ("lora",))):
        message = f"{'.'.join(keys)} is not supported: vLLM cannot serve {UNSERVABLE[keys[-1]]}"
        yield Fault(shown(path), toml_line(text, keys), message, "remove it")
    faults = check(data, "pipeline", shown(path), lambda keys: toml_line(text, keys))
    yield from faults
    if not faults:
        yield from _cross_faults(data, text, path)


def _cross_faults(data: dict[str, Any], text: str, path: Path) -> Iterator[Fault]:
    """What the schema cannot see: keys that exclude each other, and files that must not be trained on."""
    for key, message, fix in column_faults(data["data"].get("columns", {})):
        line = toml_line(text, ("data", "columns", key))
        yield Fault(shown(path), line, f"data.columns: {message}", fix)
    named = [(key, file) for key in DATA_FILES for file, _ in written_files(data["data"].get(key, []))]
    for key, file in named:
        rows = absolute(path, file)
        within = any(folder.joinpath(FOLDER_FILE).is_file() for folder in (rows, rows.parent))
        if within or plain_name(rows).endswith(SUFFIXES):
            what = "inside a golden set folder" if within else "a golden set"
            message = f"data.{key} is {what}; golden cases must not be trained on"
            yield Fault(shown(path), toml_line(text, ("data", key)), message, "use a file outside of it")
    for message, fix in argument_problems(data.get("serve", {}).get("args", ()), path.parent):
        yield Fault(shown(path), toml_line(text, ("serve", "args")), message, fix)
    if own := data.get("train", {}).get("accelerate_config"):
        yield from accelerate_faults(data, text, path, absolute(path, own))
    if ("general" in data["data"]) != ("general_share" in data["data"]):
        one = "general" if "general" in data["data"] else "general_share"
        message = "data.general and data.general_share go together"
        yield Fault(shown(path), toml_line(text, ("data", one)), message, "set both, or remove it")
    if "revision" in data["base"] and is_folder(data["base"]["model"]):
        message = "base.revision requires a hub id, but base.model is a folder"
        yield Fault(shown(path), toml_line(text, ("base", "revision")), message, "remove it")
    yield from chat_faults(data["base"], text, path)
    yield from _retrain_faults(data.get("retrain", {}), text, path)
    yield from _promoter_faults(data.get("registry", {}), text, path)
    problems = (method_problems, cluster_problems, policy_problems, ab_problems)
    for keys, message, fix in chain.from_iterable(of(data) for of in problems):
        yield Fault(shown(path), toml_line(text, keys), message, fix)


def _promoter_faults(table: dict[str, Any], text: str, path: Path) -> Iterator[Fault]:
    for key in table.get("promoters", ()):
        if not absolute(path, key).is_file():
            message = f"registry.promoters: no file {key!r}"
            yield Fault(shown(path), toml_line(text, ("registry", "promoters")), message, "name a public key (PEM)")


def _retrain_faults(table: dict[str, Any], text: str, path: Path) -> Iterator[Fault]:
    if "cron" not in table:
        return
    line = toml_line(text, ("retrain", "cron"))
    if table["on"] != "schedule":
        message = f'retrain.cron is for on = "schedule", but on = "{table["on"]}"'
        yield Fault(shown(path), line, message, 'remove it, or say on = "schedule"')
    elif problem := cron_problem(table["cron"]):
        message = f"retrain.cron {table['cron']!r} {problem}"
        yield Fault(shown(path), line, message, 'such as "0 3 * * 1" (Mondays at three, UTC)')


def is_folder(model: str) -> bool:
    """Whether what was written names a folder, not a hub id."""
    return model.startswith((".", "/", "~"))


def written_files(written: Any) -> list[tuple[str, float]]:
    """(file, weight) of a file, or of a list of files or of tables with their weights."""
    listed = written if isinstance(written, list) else [written]
    return [(one, 1.0) if isinstance(one, str) else (one["file"], float(one.get("weight", 1.0))) for one in listed]


def absolute(path: Path, written: str) -> Path:
    """A file as it is named in the pipeline.toml at `path`."""
    return (path.parent / Path(written).expanduser()).resolve()


def as_named(path: Path, written: str) -> Path:
    """Absolute, but a link stays one: into the cache of DVC it would lead to a name that says nothing of the format."""
    return Path(os.path.normpath(path.parent / Path(written).expanduser()))
