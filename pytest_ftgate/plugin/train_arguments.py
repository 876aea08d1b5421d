"""Command line of --train or --canary -> the pipelines that are meant, and the arguments that collect them whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.files.escape import printable

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.discovery import Catalogue
    from pytest_ftgate.plugin.session import FtgateSession


def prepare(config: pytest.Config, ftgate: FtgateSession) -> None:
    """Name the pipelines to train, add them and the sets that gate them to the arguments, turn xdist off.

    Raises UsageError if the arguments lead to no pipeline, or one golden set gates two of them.
    """
    _in_one_process(config, ftgate, "--train")
    if config.option.maxfail:
        config.option.maxfail = 0
        ftgate.notes.append("ftgate: -x and --maxfail are off: --train judges a candidate whole, and records it")
    given = _given(config)
    ftgate.training.names = tuple(_pipelines(given, ftgate.catalogue))
    if not ftgate.training.names:
        raise pytest.UsageError(_no_pipeline("--train", given, ftgate))
    _refuse_shared(ftgate)
    try:
        _add(config, ftgate)
    except FtgateError as error:
        raise pytest.UsageError(printable(str(error))) from None
    _note_precision(ftgate)


def prepare_canary(config: pytest.Config, ftgate: FtgateSession) -> None:
    """Name the pipelines whose champions are watched; without a path nothing else is collected. xdist is off.

    Raises UsageError if the arguments lead to no pipeline.
    """
    _in_one_process(config, ftgate, "--canary")
    given = _given(config)
    ftgate.watching = tuple(_pipelines(given, ftgate.catalogue))
    if not ftgate.watching:
        raise pytest.UsageError(_no_pipeline("--canary", given, ftgate))
    paths = [ftgate.catalogue.pipeline_paths[name] for name in ftgate.watching]
    kept = config.args if given else []
    config.args = [*kept, *(str(path) for path in paths if not any(_leads_to(arg, path) for arg in given))]


def _note_precision(ftgate: FtgateSession) -> None:
    """For the header: what the pipelines compute in. One with a fault says nothing yet; its own item tells it."""
    from pytest_ftgate.serve.precision import choice

    found: dict[str, None] = {}
    for name in ftgate.training.names:
        with suppress(FtgateError):
            found[choice(ftgate.catalogue.pipeline(name).dtype)] = None
    ftgate.notes += [f"ftgate: {line}" for line in found]


def _in_one_process(config: pytest.Config, ftgate: FtgateSession, verb: str) -> None:
    if config.getoption("dist", "no") != "no":
        config.option.dist, config.option.tx = "no", []
        ftgate.notes.append(f"ftgate: {verb} runs in one process; xdist is off for this run")
    config.addinivalue_line("filterwarnings", "ignore:The ``noload`` loader strategy")  # MLflow's, in a thread


def _given(config: pytest.Config) -> list[Path]:
    """Paths named on the command line; empty if there are none and pytest took its defaults."""
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        return []
    return [(config.invocation_params.dir / arg.split("::")[0]).resolve() for arg in config.args]


def _pipelines(given: list[Path], catalogue: Catalogue) -> Iterator[str]:
    """Those whose own file an argument leads to, and the owners of the golden sets that one leads to; without, all."""
    named = [golden for golden, path in catalogue.golden_paths.items() if _led_to(given, path)]
    owners = {owner for golden in named for owner in catalogue.owners_of(golden)}
    for name, path in catalogue.pipeline_paths.items():
        if not given or name in owners or _led_to(given, path):
            yield name


def _led_to(given: list[Path], file: Path) -> bool:
    return any(_leads_to(arg, file) for arg in given)


def _leads_to(arg: Path, file: Path) -> bool:
    return arg == file or file.is_relative_to(arg)


def _no_pipeline(verb: str, given: list[Path], ftgate: FtgateSession) -> str:
    known = ", ".join(ftgate.shown(path) for path in ftgate.catalogue.pipeline_paths.values())
    what = ", ".join(map(ftgate.shown, given)) or "the configured folders"
    if faults := ftgate.catalogue.faults_without_goldens():
        return printable("\n".join([f"{verb}: no pipeline for {what}; a faulty one may be it:", *faults]))
    return f"{verb}: no pipeline for {what}; available pipelines: {known or 'none (see ftgate_pipelines)'}"


def _refuse_shared(ftgate: FtgateSession) -> None:
    owner: dict[str, str] = {}
    for name in ftgate.training.names:
        for golden in ftgate.catalogue.sets_of(name):
            if golden in owner:
                raise pytest.UsageError(
                    f"--train: golden set {golden!r} gates both {owner[golden]!r} and {name!r}; train one at a time: "
                    f"pytest {ftgate.shown(ftgate.catalogue.pipeline_paths[name].parent)} --train"
                )
            owner[golden] = name


def _add(config: pytest.Config, ftgate: FtgateSession) -> None:
    covered = [(config.invocation_params.dir / arg.split("::")[0]).resolve() for arg in config.args]
    for name in ftgate.training.names:
        sets = [ftgate.catalogue.golden_path(golden) for golden in ftgate.catalogue.sets_of(name)]
        for path in (ftgate.catalogue.pipeline_paths[name], *sets):
            if not any(_leads_to(arg, path) for arg in covered):
                config.args.append(str(path))
