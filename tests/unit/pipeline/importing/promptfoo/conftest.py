"""A promptfoo configuration in a folder of its own, and the golden set that is made of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_ftgate.pipeline.importing.imported import Imported
from pytest_ftgate.pipeline.importing.promptfoo import read_promptfoo
from tests.projects import write

Import = Callable[..., Imported]


@pytest.fixture
def imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Import:
    """`imported(yaml, {"tests.csv": text})`, or `imported(prompts=..., tests=...)`: the keys of the configuration."""
    monkeypatch.chdir(tmp_path)

    def read(text: str = "", files: dict[str, str] | None = None, **config: Any) -> Imported:
        for name, content in (files or {}).items():
            write(Path(name), content)
        return read_promptfoo(write(Path("promptfooconfig.yaml"), text or json.dumps(config)))

    return read
