"""(golden folders, pipeline folders) -> which golden sets and pipelines there are, by name; reads no cases."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.errors import Fault, FileFaults, FtgateError
from pytest_ftgate.files.text import read_text, shown
from pytest_ftgate.golden.lost_sets import lost_sets
from pytest_ftgate.golden.paths import CASES_FILE, FOLDER_FILE, SUFFIXES, is_golden, set_argument, set_file, set_name
from pytest_ftgate.golden.strays import why_stray

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.config import Pipeline

PIPELINE_FILE = "pipeline.toml"
_WANTED = f"pass a golden set ({FOLDER_FILE}, *{', *'.join(SUFFIXES)}), its folder, or a folder of golden sets"
_LISTED = 5
"""Files that look like a golden set and are none, at most."""


def golden_files(path: Path) -> list[Path]:
    """The golden set that a path is, or all that a folder holds, sorted. A set that is missing is its own error later.

    Raises FileFaults for a folder without a set (naming files that look like one), for locks without their set, and for
    two sets of one name.
    """
    if not path.exists():
        raise FileFaults([Fault(shown(path), 0, "not found", _WANTED)])
    file = set_file(path)
    if not path.is_dir() or file.exists():
        return [file]
    if lost := lost_sets(path):
        raise FileFaults(lost)
    found = _below(path)
    if not found:
        like = [f"{shown(each)}: {why}" for each in sorted(path.rglob("*")) if (why := why_stray(each, path))]
        raise FileFaults([Fault(shown(path), 0, "no golden set found", "\n    ".join(like[:_LISTED] or [_WANTED]))])
    first: dict[str, Path] = {}
    for each in found:
        if (other := first.setdefault(set_name(each), each)) != each:
            text = f"duplicate golden set name {set_name(each)!r}, also in {shown(other)}"
            raise FileFaults([Fault(shown(each), 0, text, "rename one of them")])
    return found


def golden_file(path: Path) -> Path:
    """As `golden_files`, for what takes one set. Raises FtgateError if the folder holds several."""
    found = golden_files(path)
    if len(found) > 1:
        listed = ", ".join(shown(set_argument(each)) for each in found)
        raise FtgateError(f"{shown(path)}: found {len(found)} golden sets, expected one of them: {listed}")
    return found[0]


def _below(folder: Path) -> list[Path]:
    """The golden sets below a folder, at any depth."""
    named = (path for pattern in ("*golden.*", CASES_FILE) for path in folder.rglob(pattern))
    return sorted(filter(is_golden, named))


class Catalogue:
    """Golden sets and pipelines below the configured folders."""

    def __init__(self, goldens: tuple[Path, ...], pipelines: tuple[Path, ...]) -> None:
        self.goldens = goldens
        self.pipelines = pipelines

    def holds_golden(self, path: Path) -> bool:
        """True if the path is a golden file below one of the golden folders."""
        return is_golden(path) and any(path.is_relative_to(folder) for folder in self.goldens)

    @cached_property
    def golden_paths(self) -> dict[str, Path]:
        """Name -> file of every golden set."""
        found = (path for folder in self.goldens if folder.is_dir() for path in _below(folder))
        return {set_name(path): path for path in found}

    def golden_path(self, name: str) -> Path:
        """The file of a golden set. Raises FtgateError that names what there is."""
        if name not in self.golden_paths:
            raise FtgateError(f"no golden set {name!r} in {_listed(self.goldens)}" + _hint(name, self.golden_paths))
        return self.golden_paths[name]

    @cached_property
    def pipeline_paths(self) -> dict[str, Path]:
        """Name -> file of every pipeline."""
        found = (path for folder in self.pipelines for path in sorted(folder.glob(f"*/{PIPELINE_FILE}")))
        return {path.parent.name: path for path in found}

    @cached_property
    def _named(self) -> dict[str, tuple[list[str], str]]:
        return {name: _named_sets(path) for name, path in self.pipeline_paths.items()}

    def pipelines_of(self, golden: str) -> list[str]:
        """Names of the pipelines that name a golden set, as one that gates them or for general skills."""
        return [name for name in self._named if golden in self.sets_of(name)]

    def owners_of(self, golden: str) -> list[str]:
        """Names of the pipelines that a golden set stands for: the one of its own name, else all that it gates."""
        gated = [name for name in self._named if golden in self.goldens_of(name)]
        return [golden] if golden in gated else gated

    def goldens_of(self, pipeline: str) -> list[str]:
        """Names of the golden sets that gate a pipeline."""
        return self._named[pipeline][0]

    def general_of(self, pipeline: str) -> str:
        """Name of the golden set of general skills that a pipeline names under [forgetting], "" if it names none."""
        return self._named[pipeline][1]

    def sets_of(self, pipeline: str) -> list[str]:
        """Names of all golden sets that a run of a pipeline measures."""
        goldens, general = self._named[pipeline]
        return list(dict.fromkeys([*goldens, general] if general else goldens))

    def pipeline(self, name: str) -> Pipeline:
        """A pipeline by name. Raises PipelineError with all its faults."""
        from pytest_ftgate.pipeline.config import read_pipeline

        return read_pipeline(self.pipeline_paths[name])

    def faults_without_goldens(self) -> list[str]:
        """Why each pipeline that names no golden set does not: its faults. That of a set may be among them."""
        found = []
        for name in self.pipeline_paths:
            if not self.goldens_of(name):
                try:
                    self.pipeline(name)
                except FileFaults as faults:
                    found.append(str(faults))
        return found

    def pipeline_for(self, golden: str) -> tuple[str, Pipeline]:
        """The pipeline whose model a golden set tests: an owner, else the first that names it. Raises FtgateError."""
        names = self.owners_of(golden) or self.pipelines_of(golden)
        if not names:
            raise FtgateError(
                "".join(f"{fault}\n" for fault in self.faults_without_goldens())
                + f"no model is named, and no {PIPELINE_FILE} in {_listed(self.pipelines)} names the golden set\n"
                "    pass --ftgate-model FOLDER, or --ftgate-base-url URL --ftgate-model NAME"
            )
        return names[0], self.pipeline(names[0])


def _named_sets(path: Path) -> tuple[list[str], str]:
    """(goldens, forgetting.golden); names only: a broken file is told of by `read_pipeline` when it is used."""
    import tomllib

    try:
        data = tomllib.loads(read_text(path))
    except (FileFaults, ValueError, RecursionError):
        return [], ""
    named, forgetting = data.get("goldens"), data.get("forgetting")
    general = forgetting.get("golden") if isinstance(forgetting, dict) else ""
    return list(map(str, named)) if isinstance(named, list) else [], general if isinstance(general, str) else ""


def _listed(folders: tuple[Path, ...]) -> str:
    return ", ".join(f"{folder.name}/" for folder in folders)


def _hint(name: str, known: dict[str, Path]) -> str:
    import difflib

    near = difflib.get_close_matches(name, known, 1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; available: {', '.join(known)}" if known else ""
