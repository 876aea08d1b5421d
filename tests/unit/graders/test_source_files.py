"""The code of a python grader is its module and what that imports of the project, and nothing else."""

from __future__ import annotations

import hashlib
import importlib
import sys
from pathlib import Path

import pytest

from pytest_ftgate.graders.grade import compile_grader
from pytest_ftgate.graders.source_files import source_files
from tests.projects import write

LEAF = "def half(): return 0.5\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the import path; the modules imported from it are forgotten."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def code_of(module: str) -> list[str]:
    importlib.import_module(module)
    return list(source_files(module))


def test_the_module_and_its_digest(project: Path) -> None:
    file = write(project / "fg_one.py", LEAF)
    assert code_of("fg_one") == ["fg_one"]
    found = source_files("fg_one")["fg_one"]
    assert (found.path, found.digest) == (file, hashlib.sha256(LEAF.encode()).hexdigest())


def test_line_ends_of_windows_are_the_same_code(project: Path) -> None:
    file = write(project / "fg_ends.py", "x = 1\ny = 2\n")
    code_of("fg_ends")
    before = source_files("fg_ends")["fg_ends"].digest
    file.write_bytes(b"x = 1\r\ny = 2\r\n")
    assert source_files("fg_ends")["fg_ends"].digest == before


@pytest.mark.parametrize(
    "statement",
    [
        "import fg_leaf",
        "import fg_leaf as other",
        "from fg_leaf import half",
        "from fg_leaf import *",
        "import os, fg_leaf",
        "def g():\n    from fg_leaf import half\n    return half()",
        "try:\n    import fg_none\nexcept ImportError:\n    import fg_leaf",
    ],
)
def test_what_it_imports_anywhere_in_its_code(project: Path, statement: str) -> None:
    write(project / "fg_leaf.py", LEAF)
    write(project / "fg_top.py", f"{statement}\n")
    assert code_of("fg_top") == ["fg_leaf", "fg_top"]


def test_through_others_in_packages_and_in_circles(project: Path) -> None:
    write(project / "fg_pack/__init__.py", "from . import rules\n")
    write(project / "fg_pack/rules.py", "from .deep.leaf import half\nimport fg_side\n")
    write(project / "fg_pack/deep/leaf.py", LEAF)  # `deep` has no __init__.py
    write(project / "fg_pack/unused.py", LEAF)
    write(project / "fg_side.py", "import fg_pack\n")
    modules = ["fg_pack", "fg_pack.deep.leaf", "fg_pack.rules", "fg_side"]
    assert code_of("fg_pack") == modules
    assert code_of("fg_pack.rules") == modules
    assert code_of("fg_side") == modules


def test_not_the_standard_library_nor_packages_nor_this_one(project: Path) -> None:
    write(project / "fg_uses.py", "import json, numpy\nfrom pytest_ftgate import Grade\n")
    assert code_of("fg_uses") == ["fg_uses"]
    assert code_of("json.decoder") == []
    assert code_of("numpy") == ["numpy"]


def test_a_file_that_is_not_python_is_part_and_no_error(project: Path) -> None:
    write(project / "fg_old.py", "print 'two'\n")
    write(project / "fg_new.py", "try:\n    import fg_old\nexcept SyntaxError:\n    pass\n")
    assert code_of("fg_new") == ["fg_new", "fg_old"]


def test_a_grader_names_the_file_its_function_was_written_in(project: Path) -> None:
    write(project / "fg_home.py", "def g(case, response): return True\n")
    write(project / "elsewhere/readme.txt", "")
    write(project / "fg_alias.py", "from importlib import import_module\ng = import_module('fg_' + 'home').g\n")
    assert sorted(compile_grader({"kind": "python", "call": "fg_alias:g"}).code) == ["fg_alias", "fg_home"]


def test_a_partial_of_functools_is_code_of_its_module(project: Path) -> None:
    code = "import functools\ndef f(n, case, response): return True\ng = functools.partial(f, 1)\n"
    write(project / "fg_partial.py", code)
    assert list(compile_grader({"kind": "python", "call": "fg_partial:g"}).code) == ["fg_partial"]
