"""[serve] args of a pipeline.toml -> words of `vllm serve` whose files stand where they were named."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pytest_ftgate.serve.vllm.options import INSTEAD, against_base, taken

PLACE = ("./", "../", "~", "/")
"""What a path begins with that is written as one."""

SUFFIXES = (".jinja", ".json", ".py", ".yaml", ".yml", ".toml", ".txt")
"""Of a value that is a file, however it is written."""

_NAMED = re.compile(r"(-[^=\s]+=|[A-Za-z]\w*=|)(.*)", re.DOTALL)
"""What stands before a path in one word, "--option=" or "name=" of --lora-modules, and the rest."""


def resolved_args(args: Sequence[str], folder: Path) -> tuple[str, ...]:
    """The words, each file or folder absolute. folder: of the pipeline.toml, which all its paths start from."""
    return tuple(
        _each(word, lambda value: str(_place(value, folder)) if _is_path(value, folder) else value) for word in args
    )


def named_places(args: Sequence[str], folder: Path) -> list[Path]:
    """Files and folders that the words name, also those that are not there."""
    found: list[Path] = []

    def look(value: str) -> str:
        if _is_path(value, folder):
            found.append(_place(value, folder))
        return value

    for word in args:
        _each(word, look)
    return found


def argument_problems(args: Sequence[str], folder: Path) -> Iterator[tuple[str, str]]:
    """(what is wrong, what to do) of the words."""
    if found := taken(args):
        fix = "remove it; a server that you start yourself is named by --ftgate-base-url"
        yield f"serve.args has {', '.join(found)}, which is set by the plugin", fix
    for name in (refused := against_base(args)):
        fix = f"remove it, and set {INSTEAD[name]}"
        yield f"serve.args has {name}, by which the model would be served otherwise than it is trained", fix
    for place in named_places(args, folder):
        if not refused and not place.exists():
            yield f"serve.args: {place} not found", "write its path as seen from the folder of pipeline.toml"


def _place(value: str, folder: Path) -> Path:
    return (folder / Path(value).expanduser()).resolve()


def _is_path(value: str, folder: Path) -> bool:
    """Written as a path or a file, or the path of something beside the pipeline.toml. An address is none."""
    if "://" in value or "\n" in value or "{{" in value or not value.strip("./~"):
        return False
    if value.startswith(PLACE) or value.endswith(SUFFIXES):
        return True
    return "/" in value and len(value) < 256 and (folder / value).exists()


def _each(word: str, change: Callable[[str], str]) -> str:
    """The word with its value, or each text in a value that is JSON, changed."""
    found = _NAMED.fullmatch(word)
    before, value = found.groups() if found else ("", word)
    if value.startswith(("{", "[")):
        try:
            read = json.loads(value)
        except ValueError:
            return word
        changed = _within(read, change)
        return word if changed == read else before + json.dumps(changed, ensure_ascii=False)
    return word if value.startswith("-") else before + change(value)


def _within(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {key: _within(each, change) for key, each in value.items()}
    if isinstance(value, list):
        return [_within(each, change) for each in value]
    return change(value) if isinstance(value, str) else value
