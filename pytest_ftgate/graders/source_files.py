"""(import path of a function) -> the source files that decide what it does, by module: its own and those it imports.

The rule: the file of the function's module, and the files of all modules that it imports, directly or through others,
from the same folder of the import path. Of an installed package it is the module's file alone. Not seen: modules that
are imported by a computed name, and data files that the code reads.
"""

from __future__ import annotations

import ast
import hashlib
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_OWN = __name__.partition(".")[0]


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of Python code. digest: sha256 of its bytes with Unix line ends, 64 hex digits."""

    path: Path
    digest: str


def source_files(module: str) -> Mapping[str, SourceFile]:
    """The files that decide what a function of an imported module does, by name of the module; {} for Python's own."""
    name = getattr(sys.modules.get(module), "__file__", None)
    if not name or not (file := Path(name).resolve()).is_file():
        return {}
    if _is_below(file, "purelib", "platlib"):
        return {module: _read(file)}
    return {} if _is_below(file, "stdlib", "platstdlib") else _with_imported(module, file)


def _with_imported(module: str, file: Path) -> Mapping[str, SourceFile]:
    root = file
    for _ in range(len(module.split(".")) + (file.name == "__init__.py")):
        root = root.parent
    found, left = {module: _read(file)}, list(_imported(file, module))
    while left:
        name = left.pop()
        path = _file(root, name)
        if path is not None and name not in found:
            found[name] = _read(path)
            left += _imported(path, name)
    return dict(sorted(found.items()))


def _read(path: Path) -> SourceFile:
    return SourceFile(path, hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest())


def _is_below(file: Path, *places: str) -> bool:
    paths = sysconfig.get_paths()
    return any(file.is_relative_to(Path(paths[place]).resolve()) for place in places)


def _file(root: Path, module: str) -> Path | None:
    """The file of a module below a folder; a package's __init__.py; None if there is none, or it is this package's."""
    if module.partition(".")[0] == _OWN:
        return None
    path = root.joinpath(*module.split("."))
    files = (path / "__init__.py", path.with_name(f"{path.name}.py"))
    return next((file for file in files if file.is_file()), None)


def _imported(path: Path, module: str) -> Iterator[str]:
    """Names that may be modules: the packages around a module, and whatever it imports anywhere in its code."""
    parts = module.split(".")
    yield from (".".join(parts[:end]) for end in range(1, len(parts)))
    package = parts if path.name == "__init__.py" else parts[:-1]
    try:
        code = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):  # not Python, or of another version: then nothing that runs imports it
        return
    for node in ast.walk(code):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _with_packages(alias.name)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from _with_packages(base)
            yield from (f"{base}.{alias.name}" for alias in node.names if base)


def _with_packages(name: str) -> Iterator[str]:
    parts = name.split(".") if name else []
    yield from (".".join(parts[:end]) for end in range(1, len(parts) + 1))
