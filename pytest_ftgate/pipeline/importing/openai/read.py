"""Registry YAML, or JSON of the hosted service -> a golden set."""

from __future__ import annotations

from pathlib import Path

from pytest_ftgate.errors import Fault, FileFaults
from pytest_ftgate.files.text import shown
from pytest_ftgate.pipeline.importing.imported import Imported
from pytest_ftgate.pipeline.importing.openai.hosted import read_hosted
from pytest_ftgate.pipeline.importing.openai.registry import read_registry


def read_openai(path: Path, name: str = "", data: Path | None = None) -> Imported:
    """name: of the eval, where a registry file has several. data: samples, or items of the hosted service, elsewhere.

    Raises FileFaults.
    """
    if path.suffix == ".json":
        return read_hosted(path, data)
    if path.suffix in (".yaml", ".yml"):
        return read_registry(path, name, data)
    what = "is neither a registry file (.yaml) nor an eval of the hosted service (.json)"
    raise FileFaults([Fault(shown(path), 0, what)])
