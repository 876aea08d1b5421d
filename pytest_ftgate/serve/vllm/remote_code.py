"""`--trust-remote-code` and a model's config.json -> whether the code that it names is among the model's own files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.hub import folder_of
from pytest_ftgate.serve.model import Model

TRUSTED = "--trust-remote-code"
CONFIGS = ("config.json", "tokenizer_config.json", "processor_config.json", "preprocessor_config.json")
"""Files that may name classes of the model's own code, under `auto_map`."""


def check_code(model: Model) -> None:
    """Raises ServeError if a configuration names code that is not in the model's folder.

    Code of another repository is fetched anew at each start, at no commit: no digest stands for it.
    """
    folder = folder_of(model)
    if folder is None:
        return
    for file, reference in _references(folder):
        repository, _, code = reference.rpartition("--")
        name = f"{code.partition('.')[0]}.py"
        if repository:
            raise ServeError(
                f"{model.base}: {file} names code of another repository: {reference}\n"
                f"    copy its {name} into a folder with the model's files, write {code} in {file} there, and name "
                f"the folder in [base] model; or serve without {TRUSTED}"
            )
        if not (folder / name).is_file():
            raise ServeError(
                f"{model.base}: {file} names code that is not there: {name}\n"
                f"    add it to {folder}, or serve without {TRUSTED}"
            )


def _references(folder: Path) -> Iterator[tuple[str, str]]:
    """(file, class) of all code that the configurations name."""
    for file in CONFIGS:
        try:
            named = json.loads((folder / file).read_text("utf-8")).get("auto_map")
        except (OSError, ValueError, AttributeError):
            continue
        yield from ((file, text) for text in _texts(named))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)
