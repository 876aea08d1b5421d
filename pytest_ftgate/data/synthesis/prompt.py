"""(form, order) -> what a model is asked: system turn, user turn, and the strict form of its answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pytest_ftgate.data.synthesis.plan import TWISTS, Order
from pytest_ftgate.data.synthesis.seeds import Form, Seed
from pytest_ftgate.files.digest import digest_of

SYSTEM, USER = "system.1.j2", "user.1.j2"
"""The templates in use. One that is changed gets the next number, and the digest in each row's `source` changes."""

TOOL = "write_examples"
ABOUT_TOOL = "Hand over the new examples. The only way to answer."
_FOLDER = Path(__file__).parent / "prompts"


@dataclass(frozen=True, slots=True)
class Prompt:
    """schema: JSON schema of the only tool's input; strict, so without limits that a strict tool may not have."""

    system: str
    user: str
    schema: Mapping[str, Any]


def build(form: Form, order: Order, about: str) -> Prompt:
    """The prompt of one request. about: what the model will do, in words of the user's; "" if nobody said."""
    said = about or "See the examples: the question is what a user sends, the answer is what the model must reply."
    system = _filled(SYSTEM, about=said, classes=bool(form.classes))
    label = _safe(order.label) if order.label else ""
    shown = [_shown(form, seed) for seed in order.seeds]
    user = _filled(USER, seeds=shown, rows=order.rows, label=label, twist=order.twist)
    return Prompt(system, user, schema_of(form))


def schema_of(form: Form) -> dict[str, Any]:
    """Of {"rows": [{field: text ..., "answer": text or one of the labels}]}."""
    answer = {"type": "string", "enum": list(form.classes)} if form.classes else {"type": "string"}
    fields: dict[str, Any] = {name: {"type": "string"} for name in form.fields}
    fields["answer"] = answer
    row = {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}
    rows = {"rows": {"type": "array", "items": row}}
    return {"type": "object", "properties": rows, "required": ["rows"], "additionalProperties": False}


def prompts_digest() -> str:
    """sha256 (64 hex digits) of all that decides what is asked, apart from the seeds."""
    return digest_of([_text(SYSTEM), _text(USER), list(TWISTS)])


def _shown(form: Form, seed: Seed) -> str:
    return _safe({name: seed.asked[name] for name in form.fields} | {"answer": seed.answer})


def _safe(value: object) -> str:
    """As JSON without angle brackets, so that no seed can end the block of examples."""
    text = json.dumps(value, ensure_ascii=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e")


def _filled(name: str, **values: Any) -> str:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(undefined=StrictUndefined, autoescape=False, trim_blocks=False)  # noqa: S701 - no HTML
    return environment.from_string(_text(name)).render(values).strip()


@lru_cache(maxsize=4)
def _text(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
