"""One kind of files that `ftgate import` reads."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.importing.imported import Imported


def no_options(_parser: argparse.ArgumentParser) -> None:
    """Of a kind without options of its own."""


@dataclass(frozen=True, slots=True)
class ImportKind:
    """A kind. help, source: what it is, and what SOURCE is, for the help of the command.

    read: the arguments of the command (`args.source` is a Path) -> what was read; it writes nothing. Raises FileFaults.
    options: adds the options of this kind alone.
    """

    help: str
    source: str
    read: Callable[[argparse.Namespace], Imported]
    options: Callable[[argparse.ArgumentParser], None] = no_options
