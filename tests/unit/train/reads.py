"""(file, prompt, tokenizer) -> what the product makes of its rows: `read_as` with the maker of a method."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from pytest_ftgate.golden.case import Prompt
from pytest_ftgate.train.data import example_of
from pytest_ftgate.train.job import Grading
from pytest_ftgate.train.judged import judged_of
from pytest_ftgate.train.pairs import pair_of
from pytest_ftgate.train.reading import read_as
from pytest_ftgate.train.roles import TurnCheck
from pytest_ftgate.train.validation_rows import read_validation


def _rows(make: Any, path: Path, prompt: Prompt, tokenizer: Any, max_rows: int = 0) -> list[Any]:
    return read_as(path, partial(make, prompt, tokenizer, TurnCheck(tokenizer)), tokenizer, max_rows)


examples_in, pairs_in, judged_in = (partial(_rows, make) for make in (example_of, pair_of, judged_of))
validation_in = partial(read_validation, grading=Grading())
