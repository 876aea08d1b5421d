"""Selected items -> golden sets of which --ftgate-max-drop decides nothing in this run: said, or a hold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ftgate.gate.checks.against import NAME
from pytest_ftgate.plugin.items.golden import GateItem
from pytest_ftgate.plugin.ordering import asks

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.plugin.session import FtgateSession


def note_undecided(items: Iterable[pytest.Item], ftgate: FtgateSession) -> None:
    """A set whose check was left out (-k, --lf, ids) is shown; one that only Python tests ask is a hold."""
    if ftgate.against is None or not ftgate.against.decides:
        return
    selected = list(items)
    judged = {item.suite.title for item in selected if isinstance(item, GateItem) and item.check == NAME}
    for suite, cases in asks(selected):
        if suite.title not in judged:
            ftgate.reports.not_judged(_fact(suite, len(cases), ftgate))


def _fact(suite: Suite, asked: int, ftgate: FtgateSession) -> dict[str, Any]:
    left_out = suite.golden.path.resolve() in ftgate.collected
    if left_out:
        some = f"{asked:,} of {len(suite.cases):,} cases selected"
        why = f"{some}; it needs all and gate[{NAME}]: drop -k, -m, --lf and ids"
    else:
        why = f"only Python tests ask this golden set; name it too: pytest {ftgate.shown(suite.golden.path)}"
    reason = f"{NAME}: not decided: {why}"
    shared = {"set": suite.title, "check": NAME, "status": "hold", "reason": reason, "numbers": {}}
    return shared | {"advisory": left_out, "beside": []}
