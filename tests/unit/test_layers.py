"""The layering of the design, read from the import statements."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "pytest_ftgate"
SPINE = ["golden", "case", "response", "grade", "suite", "metric", "gate", "registry"]
KNOWS_PYTEST = {
    "options",
    "session",
    "plugin",
    "hookspecs",
    "selection",
    "arguments",
    "distribute",
    "fixtures",
    "fixtures_judge",
    "items",
    "names",
}
TALLY = "report.tally"  # listens to reports, so it is a plugin object


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """Every module of ours that a file imports, also inside functions; not those for type checkers alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def graph() -> dict[str, set[str]]:
    """Module -> modules of ours that it imports, both without the package's name."""
    names = {module_name(path): path for path in PACKAGE.rglob("*.py")}

    def known(target: str) -> str | None:
        inner = target.removeprefix("pytest_ftgate.") if target.startswith("pytest_ftgate.") else None
        while inner and inner not in names:
            inner = inner.rpartition(".")[0]
        return inner or None

    return {name: {k for t in imports(path) if (k := known(t)) and k != name} for name, path in names.items()}


GRAPH = graph()


def reaches(start: str) -> set[str]:
    seen: set[str] = set()
    todo = [name for name in GRAPH if name == start or name.startswith(start + ".")]
    while todo:
        for target in GRAPH[todo.pop()]:
            if target not in seen:
                seen.add(target)
                todo.append(target)
    return seen


def top(name: str) -> str:
    return name.partition(".")[0]


@pytest.mark.parametrize("module", SPINE)
def test_a_module_of_the_spine_imports_only_what_stands_to_its_left(module):
    right = SPINE[SPINE.index(module) + 1 :]
    found = {name for name in reaches(module) if top(name) in right}
    assert not found


def test_the_gate_never_reaches_training():
    assert not {name for name in reaches("gate") | reaches("arms") if top(name) in {"train", "serve", "rollout"}}


def test_training_never_reaches_gate_golden_sets_or_leakage():
    forbidden = {"gate", "arms", "arm", "golden", "suite", "lock", "leakage", "registry", "catalogue"}
    assert not {name for name in reaches("train") if top(name) in forbidden}


def test_training_data_are_read_without_golden_sets_gate_or_training():
    forbidden = {"gate", "arms", "arm", "golden", "suite", "lock", "registry", "catalogue", "train", "serve"}
    assert not {name for name in reaches("data") if top(name) in forbidden}


def test_reading_training_data_reaches_no_check_of_them():
    assert not {name for name in reaches("data.reader") if top(name) == "leakage" or name.startswith("data.checks")}


def test_only_the_door_knows_pytest():
    using = {
        module_name(path)
        for path in PACKAGE.rglob("*.py")
        if any(target.split(".")[0] in {"pytest", "_pytest", "xdist"} for target in imports(path))
    }
    assert {name for name in using if top(name) not in KNOWS_PYTEST} <= {TALLY}


def test_there_are_no_import_cycles():
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


def test_there_is_no_attic():
    assert not [path for path in PACKAGE.rglob("*.py") if path.stem in {"utils", "misc", "helpers", "extras"}]
