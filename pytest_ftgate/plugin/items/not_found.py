"""(command line, golden sets) -> what to say of cases that were named and that no set has."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import pytest

from pytest_ftgate.files.escape import printable
from pytest_ftgate.golden.spec import ALL_PROMPTS, BASE_PROMPT, Golden
from pytest_ftgate.plugin.items.named import named_files

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.plugin.session import FtgateSession

NEAREST = 3
"""Ids that are suggested for one that there is not."""


def why_not_found(config: pytest.Config, ftgate: FtgateSession) -> str:
    """A line for each case of the command line that its set does not have: the nearest ids, or the flag it needs."""
    lines = []
    for given, file in named_files(config):
        name = given.partition("::")[2]
        if name and file.resolve() in ftgate.collected:
            lines += [f"    {given}: {hint}" for hint in _hints(name, ftgate.golden_sets.columns(file))]
    return printable("\n".join(lines))


def _hints(name: str, columns: Sequence[Suite]) -> Iterator[str]:
    """What to do about an id that no item has; none if there is one, or if it is no case's."""
    case, bracket, rest = name.partition("[")
    label, ids = rest.removesuffix("]"), [case.id for case in columns[0].cases]
    if case in ("metric", "gate"):
        return
    if case not in ids:
        near = difflib.get_close_matches(case, ids, NEAREST) or ids[:NEAREST]
        yield f"no case {case!r} among {len(ids):,}; nearest: {', '.join(near)}"
    elif bracket and label not in [suite.column.label for suite in columns if suite.column]:
        yield _column_hint(label, columns[0].golden)


def _column_hint(label: str, golden: Golden) -> str:
    """Which flags make a column of this label."""
    for prompt in (BASE_PROMPT, *golden.variants):
        flag = f"--ftgate-prompt {ALL_PROMPTS if prompt == BASE_PROMPT else prompt}"
        if label == prompt:
            return f"[{label}] is a prompt variant; add {flag}"
        if label.endswith(f"-{prompt}"):
            model = label.removesuffix(f"-{prompt}")
            return (
                f"[{label}] is the model {model!r} with a prompt variant; add --ftgate-model for each model, and {flag}"
            )
    prompts = ", ".join((BASE_PROMPT, *golden.variants))
    return f"[{label}] is no prompt variant ({prompts}); if it is a model, add --ftgate-model for each model"
