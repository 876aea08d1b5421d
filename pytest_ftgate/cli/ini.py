"""Name of an ini option -> its value in the project's pytest configuration, for commands that run without pytest."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from iniconfig import IniConfig, ParseError

SECTIONS = {"pytest.ini": "pytest", ".pytest.ini": "pytest", "tox.ini": "pytest", "setup.cfg": "tool:pytest"}


def ini_path(name: str, folder: Path) -> Path | None:
    """The file that an ini option names, relative to `folder`, where the project's configuration is; None if unset."""
    found = next((value for value in _values(name, folder) if value), "")
    return folder / str(found).strip() if found else None


def ini_text(name: str, folder: Path) -> str:
    """An ini option as it is written; "" if it is unset."""
    return str(next((value for value in _values(name, folder) if value), "")).strip()


def ini_paths(name: str, folder: Path, default: str) -> list[Path]:
    """The paths that an ini option names, relative to `folder`; the default if it is unset."""
    found = next((value for value in _values(name, folder) if value), default)
    return [folder / path for path in (found if isinstance(found, list) else str(found).split())]


def import_folders(folder: Path) -> list[Path]:
    """The folders of the ini option `pythonpath`, where pytest would look for the project's modules; [] if unset."""
    found = next((value for value in _values("pythonpath", folder) if value), "")
    return [folder / path for path in (found if isinstance(found, list) else str(found).split())]


def _values(name: str, folder: Path) -> Any:
    for file in ("pytest.ini", ".pytest.ini"):
        yield _ini(folder / file, name)
    yield _toml(folder / "pyproject.toml", name)
    for file in ("tox.ini", "setup.cfg"):
        yield _ini(folder / file, name)


def _ini(file: Path, name: str) -> str:
    try:
        return IniConfig(file).get(SECTIONS[file.name], name, "").strip()
    except (OSError, ValueError, ParseError):
        return ""


def _toml(file: Path, name: str) -> Any:
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {}).get("pytest", {})
    except (OSError, ValueError, RecursionError):
        return ""
    return tables.get("ini_options", {}).get(name) or tables.get(name) or ""
