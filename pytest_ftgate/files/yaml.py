"""YAML file -> its data and the line of every key. Plain scalars are read as in JSON: `no` and `12:30` are text.

For files of other tools there is YAML's own core schema, in which `True`, `.5`, `+1` and `0x1f` are no texts either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import Fault, FileFaults
from pytest_ftgate.files.text import Keys, deepest_line, read_text, shown

_SPARE = 10_000
"""More values than a file has characters come from aliases alone; a short file may repeat so many."""
_SCALARS = {
    "null": (r"(?:null|~|)", ["n", "~", ""]),
    "bool": (r"(?:true|false)", list("tf")),
    "int": (r"-?(?:0|[1-9][0-9]*)", list("-0123456789")),
    "float": (r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+(?:[eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)", list("-0123456789")),
}
_CORE = {
    "null": (r"(?:null|Null|NULL|~|)", ["n", "N", "~", ""]),
    "bool": (r"(?:true|True|TRUE|false|False|FALSE)", list("tTfF")),
    "int": (r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)", list("-+0123456789")),
    "float": (r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", list("-+.0123456789")),
}
"""YAML 1.2, chapter 10.3.2, without infinities and NaN."""


def read_yaml(path: Path, *, core: bool = False) -> tuple[Any, dict[Keys, int]]:
    """(data, line of every key) of a YAML file of one document. core: by YAML's core schema, as JavaScript reads it.

    Raises FileFaults: not readable, not UTF-8, not YAML, a value that its tag does not allow, a key that stands twice,
    or aliases that stand for more values than the file has characters ("billion laughs").
    """
    return _read(read_text(path), shown(path), _loader(core))


@dataclass(frozen=True, slots=True)
class Tagged:
    """A scalar with a tag of another program, "!function" say."""

    tag: str
    text: str


def read_tagged_yaml(path: Path) -> tuple[Any, dict[Keys, int]]:
    """As `read_yaml` by the core schema, for files with tags of other programs: a scalar with one is a `Tagged`."""
    return _read(read_text(path), shown(path), _tagged_loader())


def parse_yaml(text: str) -> Any:
    """The data of a text that is one YAML document. Raises FileFaults as `read_yaml`, with "" as path."""
    return _read(text, "", _loader(False))[0]


def _read(text: str, path: str, loader: Any) -> tuple[Any, dict[Keys, int]]:
    import yaml

    try:
        return _parse(text, path, loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise FileFaults([Fault(path, mark.line + 1 if mark else 0, _what(error))]) from None
    except yaml.YAMLError as error:
        raise FileFaults([Fault(path, 0, f"is not valid YAML: {' '.join(str(error).split())}")]) from None
    except RecursionError:
        raise FileFaults([Fault(path, deepest_line(text), "is circular or nested too deeply")]) from None


def _what(error: Any) -> str:
    return f"is not valid YAML: {', '.join(part for part in (error.context, error.problem) if part)}"


def _parse(text: str, path: str, kind: Any) -> tuple[Any, dict[Keys, int]]:
    loader = kind(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return None, {}
        entries = list(islice(_entries(root, ()), len(text) + _SPARE))
        if len(entries) == len(text) + _SPARE:
            what = "its aliases stand for too many values"
            raise FileFaults([Fault(path, entries[-1][1], what, "write the values out")])
        if faults := [Fault(path, line, f"duplicate key {keys[-1]!r}") for keys, line in _twice(entries)]:
            raise FileFaults(faults)
        return loader.construct_document(root), dict(entries)
    finally:
        loader.dispose()


def _twice(entries: list[tuple[Keys, int]]) -> Iterator[tuple[Keys, int]]:
    seen: set[Keys] = set()
    for keys, line in entries:
        if keys in seen:
            yield keys, line
        seen.add(keys)


def _entries(node: Any, keys: Keys) -> Iterator[tuple[Keys, int]]:
    """Each key of a node with its 1-based line: the line of the key in a mapping, of the value in a sequence."""
    if not keys:
        yield keys, node.start_mark.line + 1
    if node.id == "mapping":
        for name, value in node.value:
            below = (*keys, name.value if name.id == "scalar" else name.id)
            yield below, name.start_mark.line + 1
            yield from _entries(value, below)
    if node.id == "sequence":
        for place, value in enumerate(node.value):
            yield (*keys, place), value.start_mark.line + 1
            yield from _entries(value, (*keys, place))


@lru_cache(maxsize=2)
def _loader(core: bool) -> Any:
    """A safe loader whose plain scalars are JSON's, or the core schema's: YAML 1.1 would read `no` as False."""
    import yaml

    class JsonScalars(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  # the name is PyYAML's

        def construct_object(self, node: Any, deep: bool = False) -> Any:
            """A value that its tag does not allow, such as `!!int x`, is an error with its line."""
            try:
                return super().construct_object(node, deep)
            except (ValueError, LookupError, TypeError, AttributeError) as error:
                what = f"cannot read the value as {node.tag.rpartition(':')[2]}: {error}"
                raise yaml.constructor.ConstructorError(None, None, what, node.start_mark) from None

    for kind, (pattern, first) in (_CORE if core else _SCALARS).items():
        JsonScalars.add_implicit_resolver(f"tag:yaml.org,2002:{kind}", re.compile(f"^{pattern}$"), first)
    if core:
        JsonScalars.add_constructor(
            "tag:yaml.org,2002:int", lambda loader, node: _integer(loader.construct_scalar(node))
        )
    return JsonScalars


@lru_cache(maxsize=1)
def _tagged_loader() -> Any:
    class TaggedScalars(_loader(True)):  # type: ignore[misc]
        """Keeps what has a tag of another program as it is written."""

    def tagged(_loader: Any, tag: str, node: Any) -> Any:
        return Tagged(f"!{tag}", str(node.value) if node.id == "scalar" else node.id)

    TaggedScalars.add_multi_constructor("!", tagged)
    return TaggedScalars


def _integer(digits: str) -> int:
    """`007` is 7, where YAML 1.1 has it in base 8. Raises ValueError."""
    return int(digits, 0) if digits.startswith(("0o", "0x")) else int(digits)
