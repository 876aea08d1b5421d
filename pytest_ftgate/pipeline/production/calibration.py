"""(version, its training file) -> rows to calibrate a quantisation with: the very tokens that it was trained on."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.data.readers.contents import contents
from pytest_ftgate.data.readers.reader import read_rows
from pytest_ftgate.errors import RegistryError
from pytest_ftgate.files.text import shown
from pytest_ftgate.pipeline.data_access import record_files
from pytest_ftgate.serve.forms.calibration import Calibration

if TYPE_CHECKING:
    from pytest_ftgate.data.readers.row import DataRow
    from pytest_ftgate.golden.case import Prompt
    from pytest_ftgate.registry import Registry, Version
    from pytest_ftgate.serve.model import Model

ROWS = 256
"""At most; the methods gain little from more."""

SEED = 0


def calibration(  # noqa: PLR0913, PLR0917
    registry: Registry, version: Version, model: Model, file: Path, prompt: Prompt, method: str
) -> Calibration:
    """ROWS of the rows that a version was trained on, drawn by a fixed seed.

    file: must be the training file, by its digest, so that no golden case is looked at. model: the version, as it was
    tested. method: of training. Raises RegistryError for another file; TrainError, DataError for
    rows that cannot be read.
    """
    _check_file(registry, version, file)
    record_files(registry.state_dir, f"calibrating a form of {version}", [file])
    from pytest_ftgate.serve.hf.tokenizer import load_tokenizer
    from pytest_ftgate.serve.hub import folder_of
    from pytest_ftgate.train.data import example_of
    from pytest_ftgate.train.roles import TurnCheck
    from pytest_ftgate.train.rows import MAKERS

    tokenizer = load_tokenizer(str(folder_of(model)), None, model.chat, local_files_only=True)
    make = partial(MAKERS.get(method, example_of), prompt, tokenizer, TurnCheck(tokenizer))
    return Calibration([_tokens(make(row)) for row in _drawn(file)], SEED)


def _check_file(registry: Registry, version: Version, file: Path) -> None:
    trained, found = registry.params(version).get("train_digest", ""), contents(file).sha256
    if trained != found:
        wanted = f"expected {trained}" if trained else "and the registry does not say which file it was"
        raise RegistryError(
            f"{shown(file)} is not the file that {version} was trained on: its sha256 is {found}, {wanted}\n"
            "    pass that file: --calibration FILE; no other rows are used to calibrate with"
        )


def _drawn(file: Path) -> Iterator[DataRow]:
    """The rows, in the order of the file."""
    count = contents(file).rows
    wanted = set(random.Random(SEED).sample(range(count), min(ROWS, count)))  # noqa: S311 - which rows, not a secret
    found = (row for place, row in enumerate(read_rows(file)) if place in wanted)
    return islice(found, len(wanted))


def _tokens(row: Any) -> list[int]:
    """Of a preference the better answer."""
    return [*row.prompt, *(row.chosen if hasattr(row, "chosen") else row.answer)]
