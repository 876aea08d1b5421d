"""Name of an optional library -> whether it is there, and its version; nothing is imported."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from pytest_ftgate.graders.value import GraderError


def needs(package: str, module: str, extra: str = "text") -> None:
    """Raises GraderError if a library is not installed. package: its name for pip. extra: of ours, which brings it."""
    if find_spec(module) is None:
        raise GraderError(f"{package} is not installed: pip install 'pytest-ftgate[{extra}]'")


def version_of(package: str) -> str:
    """Its version; "" if it is not known."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
