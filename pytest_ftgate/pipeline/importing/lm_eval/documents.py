"""(task, row of its data) -> question, options and right answer, as lm-eval's templates make them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pytest_ftgate.files.yaml import Tagged
from pytest_ftgate.pipeline.importing.lm_eval.task import Task

Document = Mapping[str, Any]


class NoDocument(Exception):  # noqa: N818 - a state of a row, always caught by what imports it
    """A template cannot be filled with the row; its text says why."""


def text_of(task: Task, key: str, document: Document) -> Any:
    """What `doc_to_text` or `doc_to_target` is: a column, or a template with the row put in. Raises NoDocument."""
    template = task.data.get(key)
    if isinstance(template, Tagged):
        raise NoDocument(f"{key} is {template.tag} {template.text}")
    if isinstance(template, str):
        return document[template] if template in document else _filled(template, document, key)
    return template


def options_of(task: Task, document: Document) -> list[str]:
    """The options of the row, [] if the task has none. Raises NoDocument."""
    template = task.data.get("doc_to_choice")
    if isinstance(template, Tagged):
        raise NoDocument(f"doc_to_choice is {template.tag} {template.text}")
    if isinstance(template, Mapping):
        template = list(template.values())
    if isinstance(template, str):
        template = document[template] if template in document else _listed(template, document)
    if isinstance(template, str):
        template = _as_list(template)
    if template is not None and not isinstance(template, list):
        raise NoDocument(f"doc_to_choice is {template!r:.60}, expected a list")
    return [str(each) for each in template or []]


def _listed(template: str, document: Document) -> Any:
    """The value of a template that is one expression, such as "{{[a, b]}}"; else its text."""
    found = re.fullmatch(r"\s*\{\{(.*)\}\}\s*", template, re.DOTALL)
    if not found or "}}" in found[1]:
        return _filled(template, document, "doc_to_choice")
    try:
        value = _environment().compile_expression(found[1], undefined_to_none=False)(**document)
        return [str(each) for each in value] if isinstance(value, tuple | list) else str(value)
    except Exception as error:
        raise NoDocument(f"doc_to_choice: {type(error).__name__}: {error}") from error


def _as_list(text: str) -> Any:
    """A list that a cell of a CSV file, or a template, wrote as text."""
    import ast

    for read in (json.loads, ast.literal_eval):
        try:
            found = read(text)
        except (ValueError, SyntaxError):
            continue
        if isinstance(found, list | tuple):
            return list(found)
    return text


def _filled(template: str, document: Document, key: str) -> str:
    try:
        return str(_environment().from_string(template).render(**document))
    except Exception as error:
        raise NoDocument(f"{key}: {type(error).__name__}: {error}") from error


@lru_cache(maxsize=1)
def _environment() -> Any:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    made = ImmutableSandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)
    made.filters["regex_replace"] = _regex_replace
    return made


def _regex_replace(text: str, pattern: str, repl: str, count: int = 0) -> str:
    import regex

    return str(regex.sub(pattern, repl, text, count=count, timeout=1.0))
