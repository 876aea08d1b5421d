"""golden.toml -> those of its tables that another tool's form of the cases cannot hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from pytest_ftgate.files.text import shown
from pytest_ftgate.golden.spec import Golden, Request
from pytest_ftgate.pipeline.importing.imported import Losses

_GATE = "no counterpart in {form}; pytest-ftgate keeps the gate"
_TABLES = {
    "gate": _GATE,
    "human": _GATE,
    "price": "no counterpart in {form}",
    "label": "no counterpart in {form}; pytest-ftgate counts its metrics",
}


def add_lost_settings(losses: Losses, golden: Golden, form: str) -> None:
    """form: the other tool, for people. [prompt], [[grader]] and [judge] are the business of the form."""
    for key, why in _TABLES.items():
        if getattr(golden, key) is not None:
            losses.add(shown(golden.path), golden.line(key), f"[{key}]", why.format(form=form), cases=0)
    usual = Request()
    changed = [each.name for each in fields(Request) if getattr(golden.request, each.name) != getattr(usual, each.name)]
    if changed:
        why = f"not part of {form}; set them where the model is asked"
        losses.add(shown(golden.path), golden.line("request"), f"[request] {', '.join(changed)}", why, cases=0)
    if golden.variants:
        why = "only the set's own prompt is exported"
        losses.add(shown(golden.path), golden.line("prompt", "variants"), "[prompt.variants]", why, cases=0)


def named(spec: Mapping[str, Any]) -> str:
    """A grader by its kind, the opposite of one as it is written: "not_regex"."""
    inner = spec.get("grader")
    return f"not_{inner['kind']}" if spec["kind"] == "not" and isinstance(inner, Mapping) else str(spec["kind"])
