"""JSON Schemas of the files that users write -> pages with every key, its type, default, range and meaning."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields
from functools import cache
from importlib.resources import files
from typing import Any

from pytest_ftgate.files import schema as _schema
from pytest_ftgate.serve.api.settings import Settings
from tools.reference.markdown import code, docstring, entries_of, escaped, meaning_of, table

HEAD = ("key", "type", "default", "range", "meaning")
_DEFAULT = re.compile(r" ?(?:Default|Left out):? (.+?)\.(?= [A-Z\"]|$)")
_TYPES = {"object": "table", "array": "list"}


@cache
def schema(name: str) -> Mapping[str, Any]:
    """The schema "golden", "case", "pipeline", ..."""
    text = (files(_schema.__package__) / "schemas" / f"{name}.schema.json").read_text("utf-8")
    found: Mapping[str, Any] = json.loads(text)
    return found


def resolved(node: Mapping[str, Any], name: str) -> tuple[Mapping[str, Any], str]:
    """(what a `$ref` leads to, the schema it is in)."""
    if "$ref" not in node:
        return node, name
    file, _, place = node["$ref"].partition("#")
    name = file.removesuffix(".schema.json") or name
    found: Any = schema(name)
    for part in place.strip("/").split("/") if place else ():
        found = found[part]
    return found, name


def sections(name: str, level: str = "##") -> Iterator[str]:
    """The tables of a schema: its own keys, then those of each table below."""
    root = schema(name)
    yield _table(root, name)
    for path, node, inner in tables(root, name):
        title = node.get("title", path)
        yield f"{level} {title if title.startswith('[') else path}\n\n{escaped(node.get('description', ''))}"
        yield _table(node, inner)


def tables(node: Mapping[str, Any], name: str, prefix: str = "") -> Iterator[tuple[str, Mapping[str, Any], str]]:
    """(dotted path, table, schema) of every table below a node that has keys of its own."""
    for key, below in node.get("properties", {}).items():
        found, inner = resolved(below, name)
        if "array" in _kinds(found):
            found, inner = resolved(_items(found), inner)
        if found.get("properties") and inner == name:
            yield f"{prefix}{key}", found, inner
            yield from tables(found, inner, f"{prefix}{key}.")


def keys(name: str) -> list[str]:
    """Every key of a schema, dotted."""
    root = schema(name)
    own = list(root["properties"])
    return own + [f"{path}.{key}" for path, node, _ in tables(root, name) for key in node["properties"]]


def judge_keys() -> Iterator[tuple[str, ...]]:
    """Rows of the keys of [judge] that say which model is asked."""
    meanings = entries_of(docstring(Settings))
    for each in fields(Settings):
        default = "" if each.default in (None, MISSING) else json.dumps(each.default)
        kind = str(each.type).replace(" | None", "").replace("Prices", "table")
        kind = "string" if kind.startswith(("Literal", "str")) else _OF_PYTHON.get(kind, kind)
        yield code(each.name), kind, code(default) if default else "", "", meaning_of(each.name, meanings, "Settings")


_OF_PYTHON = {"int": "integer", "float": "number", "bool": "boolean"}


def _table(node: Mapping[str, Any], name: str) -> str:
    required = node.get("required", ())
    rows = (_row(key, below, key in required, name) for key, below in node["properties"].items())
    return table(HEAD, rows)


def _row(key: str, node: Mapping[str, Any], required: bool, name: str) -> tuple[str, ...]:
    text = node.get("description", "")
    found, _ = resolved(node, name)
    default = _DEFAULT.search(text)
    shown = "required" if required else escaped(default[1]) if default else ""
    meaning = (_DEFAULT.sub("", text, count=1) if default else text) or found.get("description", "")
    return code(key), _type(found, name), shown, escaped(_range(found)), escaped(meaning)


def _type(node: Mapping[str, Any], name: str) -> str:
    if "enum" in node:
        return "string"
    return " or ".join(_named(kind, node, name) for kind in _kinds(node) if kind != "null")


def _kinds(node: Mapping[str, Any]) -> list[str]:
    kinds = node.get("type", "any value")
    return [kinds] if isinstance(kinds, str) else list(kinds)


def _named(kind: str, node: Mapping[str, Any], name: str) -> str:
    if kind != "array":
        return _TYPES.get(kind, kind)
    items, inner = resolved(_items(node), name)
    each = _type(items, inner)
    return f"list of {each}s" if not each.startswith("list") else each.replace("list", "list of lists", 1)


def _items(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a list holds; of one that may hold texts or tables, the tables."""
    items: Mapping[str, Any] = node.get("items", {})
    return {**items.get("then", items)}


def _range(node: Mapping[str, Any]) -> str:
    if "enum" in node:
        return ", ".join(f"`{each}`" for each in node["enum"])
    low, high = _bound(node, "inimum", ">"), _bound(node, "aximum", "<")
    items = {"minItems": "at least {} entries", "maxItems": "at most {} entries"}
    counts = [text.format(node[key]) for key, text in items.items() if node.get(key, 1) > 1]
    return ", ".join(part for part in (low, high, *counts) if part)


def _bound(node: Mapping[str, Any], end: str, sign: str) -> str:
    if f"m{end}" in node:
        return f"{'≥' if sign == '>' else '≤'} {node[f'm{end}']:,}"
    return (
        f"{'more than' if sign == '>' else 'less than'} {node[f'exclusiveM{end}']:,}"
        if f"exclusiveM{end}" in node
        else ""
    )
