"""(file that pytest found, command line) -> our collector, or a warning that it was probably meant as a golden set."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_ftgate.files.escape import printable
from pytest_ftgate.golden.lost_sets import is_lock, lost_set
from pytest_ftgate.golden.paths import CASES_FILE, called, is_golden, set_argument, set_file
from pytest_ftgate.golden.strays import ENDS, why_stray
from pytest_ftgate.pipeline.discovery import PIPELINE_FILE, Catalogue

if TYPE_CHECKING:
    from pytest_ftgate.plugin.items.base import FtgateFile
    from pytest_ftgate.plugin.session import FtgateSession

_WARNED: pytest.StashKey[set[Path]] = pytest.StashKey()
"""Folders whose strays were named."""
_LISTED = 5
"""Strays of a folder that are named."""


def name_sets_by_file(config: pytest.Config) -> None:
    """`goldens/mood::m1` and `goldens/mood/cases.jsonl::m1` of the command line: `goldens/mood/golden.toml::m1`.

    Of a set in one file `goldens/mood::m1` is `goldens/mood.golden.yaml::m1`.
    """
    if config.args_source is pytest.Config.ArgsSource.ARGS:
        config.args = [_by_file(str(given), config.invocation_params.dir) for given in config.args]


def _by_file(given: str, here: Path) -> str:
    named, mark, case = given.partition("::")
    path = here / named
    if (file := called(path)) != path:
        return f"{Path(named).with_name(file.name)}{mark}{case}"
    if not (path.is_dir() and mark) and path.name != CASES_FILE:
        return given
    file = set_file(path)
    if file == path or not file.is_file():
        return given
    return f"{Path(named) / file.name if path.is_dir() else Path(named).with_name(file.name)}{mark}{case}"


def collector_of(file: Path, parent: pytest.Collector, ftgate: FtgateSession) -> FtgateFile | None:
    """Golden sets below `ftgate_goldens` or named on the command line; pipelines that are trained or named."""
    if ftgate.options.canary:
        return _canary_file(file, parent, ftgate)
    if is_golden(file):
        return _golden_file(file, parent, ftgate)
    if is_lock(file):
        return _lost_set(file, parent, ftgate)
    if file.name == PIPELINE_FILE and (ftgate.training.trains(file) or _names_data(file, parent, ftgate)):
        from pytest_ftgate.plugin.items.pipeline import PipelineFile

        return PipelineFile.from_parent(parent, path=file)
    _warn_of_strays(file, parent, ftgate)
    return None


def _golden_file(file: Path, parent: pytest.Collector, ftgate: FtgateSession) -> FtgateFile | None:
    if not (ftgate.catalogue.holds_golden(file) or _is_named(file, parent, ftgate)):
        return None
    from pytest_ftgate.plugin.items.golden import GoldenFile

    return GoldenFile.at(parent, file)


def _lost_set(lock: Path, parent: pytest.Collector, ftgate: FtgateSession) -> FtgateFile | None:
    """Where a golden set would be collected, an error if only its lock is left."""
    expected = any(map(lock.is_relative_to, ftgate.catalogue.goldens)) or _is_named(lock, parent, ftgate)
    if not expected or lost_set(lock) is None:
        return None
    from pytest_ftgate.plugin.items.lost import LostSet

    return LostSet.at(parent, lock)


def _canary_file(file: Path, parent: pytest.Collector, ftgate: FtgateSession) -> FtgateFile | None:
    """Under --canary the pipelines that are watched, and no golden sets."""
    if file not in [ftgate.catalogue.pipeline_paths[name] for name in ftgate.watching]:
        return None
    from pytest_ftgate.plugin.items.canary import CanaryFile

    return CanaryFile.from_parent(parent, path=file)


def _names_data(file: Path, parent: pytest.Collector, ftgate: FtgateSession) -> bool:
    """True if a run that trains nothing is given a pipeline.toml, its folder, or a folder of `ftgate_pipelines`."""
    if ftgate.options.train or not _has_arguments(parent):
        return False
    given = (file, file.parent, *(each for each in ftgate.options.pipelines if each == file.parent.parent))
    return any(map(parent.session.isinitpath, given))


def _has_arguments(parent: pytest.Collector) -> bool:
    return parent.config.args_source is pytest.Config.ArgsSource.ARGS


def _is_named(file: Path, parent: pytest.Collector, ftgate: FtgateSession) -> bool:
    """Whether the command line names a set, its folder, the folder that holds it, or one around a folder of sets."""
    place, named = set_argument(file), parent.session.isinitpath
    if not _has_arguments(parent):
        return False
    return any(map(named, (file, place, place.parent))) or any(_folders_of_sets(place, parent, ftgate))


def _folders_of_sets(place: Path, parent: pytest.Collector, ftgate: FtgateSession) -> Iterator[Path]:
    """The folders around a place that are called as those of `ftgate_goldens`, if the command line names one around it.

    Those outside of rootdir, or of what is named where that lies elsewhere, say nothing of this project.
    """
    given = [folder for folder in place.parents if parent.session.isinitpath(folder)]
    if not given:
        return
    root, names = parent.config.rootpath, {folder.name for folder in ftgate.catalogue.goldens}
    for folder in place.parents:
        if folder == root or not (folder.is_relative_to(root) or folder.is_relative_to(given[-1])):
            return
        if folder.name in names:
            yield folder


def _warn_of_strays(file: Path, parent: pytest.Collector, ftgate: FtgateSession) -> None:
    """One warning for each folder, naming its files that look like golden sets and are none."""
    if file.suffix.lower() not in ENDS:
        return
    warned = parent.config.stash.setdefault(_WARNED, set())
    if file.parent in warned or (root := _root_of(file, parent, ftgate)) is None or not why_stray(file, root):
        return
    warned.add(file.parent)
    if _speaks(root, parent, ftgate):
        named_first = sorted(file.parent.iterdir(), key=lambda each: (not parent.session.isinitpath(each), each))
        strays = [(each, why) for each in named_first if (why := why_stray(each, root))]
        lines = [f"{ftgate.shown(each)}: {why}" for each, why in strays[:_LISTED]]
        more = [f"and {len(strays) - _LISTED:,} more"] if len(strays) > _LISTED else []
        _warn(parent, printable("\n".join([*lines, *more])))


def _warn(parent: pytest.Collector, text: str) -> None:
    try:
        parent.warn(pytest.PytestCollectionWarning(text))
    except pytest.PytestCollectionWarning:  # -W error
        raise parent.CollectError(text) from None


def _root_of(file: Path, parent: pytest.Collector, ftgate: FtgateSession) -> Path | None:
    """The folder of golden sets that a file lies in, if it lies in one."""
    known = (folder for folder in ftgate.catalogue.goldens if file.is_relative_to(folder))
    named = _folders_of_sets(file, parent, ftgate) if _has_arguments(parent) else iter(())
    return next(known, None) or next(named, None)


def _speaks(root: Path, parent: pytest.Collector, ftgate: FtgateSession) -> bool:
    """Whether this run is about golden sets, so that nothing is printed where the plugin is merely installed.

    It is if there are some, or if an option names a model. Of several workers one speaks.
    """
    if getattr(parent.config, "workerinput", {}).get("workerid", "gw0") != "gw0":
        return False
    asked = ftgate.options.model or ftgate.options.train or ftgate.options.regrade
    return bool(asked or ftgate.collected or ftgate.catalogue.golden_paths or Catalogue((root,), ()).golden_paths)
