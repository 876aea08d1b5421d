"""A command line of the documentation -> AssertionError if no reader could run it."""

from __future__ import annotations

import re
import shlex
import tomllib
from typing import Any

import pytest

from pytest_ftgate.cli.main import make_parser
from tests.repository import ROOT
from tools.reference.flags import recorded

EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
TARGETS = set(re.findall(r"^([a-z-]+)(?: [a-z-]+)*:", (ROOT / "Makefile").read_text(), re.M)) | {"test-all"}
OTHERS = {"git", "openssl", "cat", "mkdir", "cp", "cd"}
"""Commands of other programs, which are not checked."""
PYTEST = {"-k", "-m", "-x", "-q", "-n", "-p", "--lf", "--junitxml", "--collect-only", "-s", "--junit-xml"}
"""Flags of pytest and of pytest-xdist that the documentation uses."""


def check_command(line: str) -> None:
    words = [word for word in shlex.split(line) if not re.fullmatch(r"[A-Z_]+=.*", word)]
    name, *args = words
    if name in CHECKS:
        CHECKS[name](args)
    else:
        assert name in OTHERS, f"nobody checks the command {name!r}"


def _pytest(args: list[str]) -> None:
    flags = recorded().flags
    for word in (arg.split("=")[0] for arg in args if arg.startswith("-") and " " not in arg):
        assert word in flags or word in PYTEST, f"pytest has no {word}"


def _ftgate(args: list[str]) -> None:
    if args == ["--version"]:
        return
    try:
        make_parser().parse_args(args)
    except SystemExit as error:
        pytest.fail(f"ftgate {shlex.join(args)}: the parser refuses it ({error.code})")


def _pip(args: list[str]) -> None:
    for extra in re.findall(r"pytest-ftgate\[([\w,]+)\]", " ".join(args)):
        assert set(extra.split(",")) <= set(EXTRAS), f"there is no extra {extra}"


def _make(args: list[str]) -> None:
    targets = [arg for arg in args if "=" not in arg]
    assert set(targets) <= TARGETS, f"the Makefile has no target {targets}"


def _python(args: list[str]) -> None:
    assert args[0] == "-m", "only python -m is checked"
    if args[1].startswith("bench."):
        assert (ROOT / f"{args[1].replace('.', '/')}.py").is_file(), f"there is no {args[1]}"
        return
    {"pytest_ftgate": _ftgate, "pytest": _pytest}[args[1]](args[2:])


CHECKS: dict[str, Any] = {"pytest": _pytest, "ftgate": _ftgate, "pip": _pip, "make": _make, "python": _python}
