"""Cases that two models or runs answered differently -> JSON values for a report: what was asked, then, now."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from pytest_ftgate.files.excerpt import excerpt

MOST = 50
"""Cases of each kind; ids are kept of all."""
KEPT = 600
"""Characters of a text."""


def changed_case(kind: str, case: str, line: int, question: str, expected: Any, then: str, now: str) -> dict[str, Any]:  # noqa: PLR0913, PLR0917 - one row
    """kind: "fixed" or "broken". case: its id. line: in the file of the cases. then, now: the answers."""
    wanted = "" if expected is None else expected if isinstance(expected, str) else json.dumps(expected)
    texts = {"question": question, "expected": wanted, "then": then, "now": now}
    return {"kind": kind, "case": case, "line": line} | {name: excerpt(text, KEPT) for name, text in texts.items()}


def first_of_each(cases: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """At most `MOST` of each kind, the broken ones first."""
    given = list(cases)
    kinds = ([each for each in given if each["kind"] == kind][:MOST] for kind in ("broken", "fixed"))
    return [each for some in kinds for each in some]
