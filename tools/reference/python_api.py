"""Fixtures, markers and hooks of the plugin -> their pages."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from pytest_ftgate.plugin import hooks, hookspecs
from tools.reference.markdown import docstring, documented, page

FIXTURES = (
    "For tests in Python. `case`, `response`, `grade` and `metrics` need the marker `golden`: a test with"
    " `case` runs once for each case of that golden set. The marker `slice` selects: `-m "
    "\"slice(lang='en')\"`."
)
HOOKS = "Implement these in a `conftest.py` or in a plugin of your own."


def fixtures() -> Mapping[str, Any]:
    """Name -> fixture."""
    return {name: getattr(hooks, name) for name in hooks.__all__}


def hook_functions() -> Mapping[str, Callable[..., Any]]:
    """Name -> specification."""
    return {
        name: each for name, each in vars(hookspecs).items() if name.startswith("pytest_ftgate_") and callable(each)
    }


def fixtures_page() -> str:
    """A section for each fixture."""
    return page(
        "Fixtures", FIXTURES, *(f"## {name}\n\n{documented(docstring(each))}" for name, each in fixtures().items())
    )


def hooks_page() -> str:
    """A section for each hook."""
    sections = (
        f"## {name}\n\n`{name}{_signature(each)}`\n\n{documented(docstring(each))}"
        for name, each in hook_functions().items()
    )
    return page("Hooks", HOOKS, *sections)


def _signature(function: Callable[..., Any]) -> str:
    return f"({', '.join(map(str, inspect.signature(function).parameters))})"
