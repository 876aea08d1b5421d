"""The house: which rooms there are, and that imports between them run one way, read from the import statements.

An import for type checkers alone, or inside a function, counts like any other.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.repository import ROOT

PACKAGE = ROOT / "pytest_ftgate"
ROOMS = (
    "errors",
    "files",
    "metrics",
    "gate",
    "serve",
    "judge",
    "golden",
    "graders",
    "evaluate",
    "annotation",
    "data",
    "leakage",
    "train",
    "registry",
    "pipeline",
    "cli",
    "plugin",
)
"""A room imports only from those before it. CONTRIBUTING.md says what each is for."""
MOST_ROOMS = 18
MOST_LINES = 300
BESIDE = {"__init__", "__main__"}
"""Not rooms: the public names, and the command."""


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def imports(path: Path) -> Iterator[str]:
    """Every module, or name in one, that a file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}:{node.lineno}: write imports in full"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def graph() -> dict[str, set[str]]:
    """Module -> modules of ours that it imports, both without the package's name."""
    names = {module_name(path): path for path in PACKAGE.rglob("*.py")}

    def known(target: str) -> str | None:
        inner = target.removeprefix("pytest_ftgate.") if target.startswith("pytest_ftgate.") else ""
        while inner and inner not in names:
            inner = inner.rpartition(".")[0]
        return inner or None

    return {name: {k for t in imports(path) if (k := known(t)) and k != name} for name, path in names.items()}


GRAPH = graph()


def reaches(*starts: str) -> set[str]:
    """All modules that are imported, directly or not, by these and by what is below them."""
    todo = [name for name in GRAPH for start in starts if name == start or name.startswith(start + ".")]
    seen: set[str] = set()
    while todo:
        for target in GRAPH[todo.pop()]:
            if target not in seen:
                seen.add(target)
                todo.append(target)
    return seen


def room(name: str) -> str:
    return name.partition(".")[0]


def inside(names: set[str], *rooms: str) -> set[str]:
    return {name for name in names for some in rooms if name == some or name.startswith(some + ".")}


def test_the_root_holds_these_rooms_and_no_more():
    found = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert found - BESIDE == set(ROOMS)
    assert len(ROOMS) <= MOST_ROOMS
    assert {path.name for path in PACKAGE.iterdir() if path.is_dir()} - {"__pycache__"} <= set(ROOMS)


@pytest.mark.parametrize("name", ROOMS)
def test_a_room_imports_only_from_those_before_it(name):
    later = ROOMS[ROOMS.index(name) + 1 :]
    wrong = {(module, target) for module in GRAPH if room(module) == name for target in GRAPH[module]}
    assert not {(module, target) for module, target in wrong if room(target) in later}


def test_no_file_reaches_itself():
    state: dict[str, int] = {}

    def visit(name: str, path: list[str]) -> None:
        assert state.get(name) != 1, " -> ".join([*path, name])
        if state.get(name) == 2:
            return
        state[name] = 1
        for target in GRAPH[name]:
            visit(target, [*path, name])
        state[name] = 2

    for name in GRAPH:
        visit(name, [])


def test_no_file_is_too_long():
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in PACKAGE.rglob("*.py")}
    assert {path.name: count for path, count in lines.items() if count > MOST_LINES} == {}


def test_the_gate_reaches_neither_training_nor_serving():
    assert {room(name) for name in reaches("gate")} <= {"gate", "metrics", "files", "errors"}


def test_training_reaches_neither_golden_sets_nor_the_gate_nor_leakage():
    found = inside(reaches("train"), "gate", "golden", "evaluate", "annotation", "leakage", "registry")
    assert found <= {"golden.case", "golden.question"}  # how an input becomes messages, and text for a judge


def test_training_data_are_read_without_golden_sets_gate_or_training():
    found = inside(reaches("data"), "gate", "golden", "evaluate", "leakage", "registry", "train")
    assert found <= {"golden.case", "golden.question"}


def test_reading_training_data_reaches_no_check_of_them():
    assert not inside(reaches("data.readers"), "data.checks", "data.near", "leakage")


def test_only_the_plugin_knows_pytest():
    using = {
        module_name(path)
        for path in PACKAGE.rglob("*.py")
        if any(target.partition(".")[0] in {"pytest", "_pytest", "xdist"} for target in imports(path))
    }
    assert {room(name) for name in using} == {"plugin"}


def test_there_is_no_attic():
    assert not [path for path in PACKAGE.rglob("*.py") if path.stem in {"utils", "misc", "helpers", "extras"}]


def test_tests_stand_where_the_code_stands():
    """tests/unit/<room>/<...> for pytest_ftgate/<room>/<...>, a package or a module; `repository` tests what is beside it."""
    tests = ROOT / "tests/unit"
    folders = {path.parent.relative_to(tests) for path in tests.rglob("test_*.py")} - {Path(), Path("repository")}
    places = {folder: (PACKAGE / folder / "__init__.py", PACKAGE / f"{folder}.py") for folder in sorted(folders)}
    assert not [folder for folder, files in places.items() if not any(file.exists() for file in files)]
