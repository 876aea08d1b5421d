"""(template without a variable, inputs of the cases) -> why it is a mistake, as "{text}" is; "" if it is none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pytest_ftgate.golden.case import canonical

_SLIP = re.compile(r"(?<![{$])\$?\{\s*(\w+)\s*\}(?!\})|<(\w+)>|%\((\w+)\)s")
"""A variable as f-strings, shells, prompts for people and the `%` of Python write it."""


def ignored_inputs(template: str, inputs: Iterable[Any]) -> str:
    """Why a template without a variable is a mistake; "" where it is none, as there is nothing to put in.

    It is one if it writes a variable of the inputs in another way, or if cases that differ would all ask the same.
    """
    filled = [given for given in inputs if isinstance(given, str | Mapping)]
    names = {name for given in filled for name in (given if isinstance(given, Mapping) else ("text",))}
    written = [name for groups in _SLIP.findall(template) for name in groups if name in names]
    if written:
        return f"the template has no variable; did you mean {{{{ {written[0]} }}}}?"
    if len({canonical(given) for given in filled}) < 2:
        return ""
    return f"the template has no variable, so that all cases ask the same; put one in: {_listed(names)}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"{{{{ {name} }}}}" for name in sorted(map(str, names))[:5])
