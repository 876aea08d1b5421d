"""Task file of lm-eval, with what it includes -> its settings and the line of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import Fault, FileFaults
from pytest_ftgate.files.text import Keys, nearest, shown
from pytest_ftgate.files.yaml import Tagged, read_tagged_yaml
from pytest_ftgate.pipeline.importing.shape import check_shape

_INCLUDE = "include"
_DEEPEST = 10
_SPLITS = ("test_split", "validation_split", "training_split")
_SHAPES: Mapping[str, type | tuple[type, ...]] = {
    "dataset_kwargs": dict,
    "generation_kwargs": dict,
    "metric_list": list,
    "filter_list": list,
    "num_fewshot": int,
    "repeats": int,
}
_LOADERS = {"json": (".json", ".jsonl"), "csv": (".csv", ".tsv")}


@dataclass(frozen=True, slots=True)
class Task:
    """data: all settings. lines: of those of the file itself; what was included has the line of `include`."""

    path: Path
    data: Mapping[str, Any]
    lines: Mapping[Keys, int]

    @property
    def shown(self) -> str:
        """The file as the user would type it."""
        return shown(self.path)

    def line(self, *keys: str | int) -> int:
        """The line of a key."""
        if keys and keys[:1] not in self.lines:
            keys = (_INCLUDE,)
        return nearest(self.lines, keys)

    def fault(self, what: str, *keys: str | int, fix: str = "") -> FileFaults:
        """An error at a key."""
        return FileFaults([Fault(self.shown, self.line(*keys), what, fix)])


def read_task(path: Path) -> Task:
    """The task of a YAML file. Raises FileFaults."""
    data, lines = _with_included(path, 0)
    task = Task(path, data, lines)
    if "task" not in data or "doc_to_text" not in data:
        lacking = "task" if "task" not in data else "doc_to_text"
        raise task.fault(f"is no task of lm-eval: it has no `{lacking}`", fix="a group names tasks; import each")
    check_shape(data, _SHAPES, task.shown, lines)
    return task


def _with_included(path: Path, depth: int) -> tuple[dict[str, Any], dict[Keys, int]]:
    data, lines = read_tagged_yaml(path)
    if not isinstance(data, dict):
        raise FileFaults([Fault(shown(path), 1, "is no task of lm-eval: expected settings by name")])
    include = data.pop(_INCLUDE, None)
    if include is None:
        return data, lines
    if not isinstance(include, str) or depth == _DEEPEST:
        raise FileFaults([Fault(shown(path), nearest(lines, (_INCLUDE,)), f"cannot include {include!r:.60}")])
    included, _ = _with_included(path.parent / include, depth + 1)
    return {**included, **data}, lines


def data_file(task: Task, data: Path | None) -> Path:
    """The local file of the split that is tested. data: another one, if the user names it. Raises FileFaults."""
    if data is not None:
        return data
    split = next((str(task.data[key]) for key in _SPLITS if task.data.get(key)), "")
    return _file_of(task, split)


def few_shot_file(task: Task) -> Path | None:
    """The local file of the split that examples are drawn from; None if there is none."""
    split = task.data.get("fewshot_split") or task.data.get("training_split") or task.data.get("validation_split")
    try:
        return _file_of(task, str(split or ""))
    except FileFaults:
        return None


def _file_of(task: Task, split: str) -> Path:
    loader, keys = task.data.get("dataset_path"), ("dataset_kwargs", "data_files")
    fix = "save the split as .jsonl or .csv and pass it: --data FILE"
    if str(loader) not in _LOADERS:
        raise task.fault(
            f"dataset_path is {loader!r}; only json and csv with local files are read", "dataset_path", fix=fix
        )
    files = (task.data.get("dataset_kwargs") or {}).get("data_files")
    name = files.get(split) if isinstance(files, Mapping) else files
    if isinstance(name, list) and len(name) == 1:
        [name] = name
    if not isinstance(name, str) or isinstance(name, Tagged) or "://" in name:
        raise task.fault(f"data_files of the split {split!r} is {name!r:.80}, expected one local file", *keys, fix=fix)
    for place in (task.path.parent / name, Path(name)):
        if place.is_file():
            return place
    raise task.fault(f"{name} is not found", *keys, fix=fix)
