"""Texts, docstrings and rows -> Markdown."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping, Sequence

NOTE = "<!-- Written by `make reference` from the code: edit the code, not this page. -->"
_ENTRY = re.compile(r"^(\w+): ", re.MULTILINE)
_EXAMPLE = re.compile(r"\n*^Example::\n\n((?:^(?:    .*)?\n?)+)", re.MULTILINE)


def page(title: str, intro: str, *parts: str) -> str:
    """A page. intro: one paragraph."""
    return "\n\n".join([f"# {title}", NOTE, intro, *(part for part in parts if part)]) + "\n"


def escaped(text: str) -> str:
    """Text in which nothing outside of code spans means anything to Markdown or HTML."""
    parts = " ".join(text.split()).split("`")
    return "`".join(part if at % 2 else _plain(part) for at, part in enumerate(parts))


def _plain(text: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([*|])", r"\\\1", text)


def code(text: object) -> str:
    """A code span, also in a table."""
    return f"`{str(text).replace('|', chr(92) + '|')}`"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; "" without rows."""
    found = list(rows)
    lines = [head, ["---"] * len(head), *found]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) if found else ""


def docstring(thing: object) -> str:
    """Its docstring, "" if there is none."""
    return inspect.getdoc(thing) or ""


def example_of(doc: str) -> str:
    """The code below `Example::`, "" if there is none."""
    found = _EXAMPLE.search(doc)
    return inspect.cleandoc("\n" + found[1]).strip() if found else ""


def entries_of(doc: str) -> Mapping[str, str]:
    """The "name: meaning" lines of a docstring."""
    starts = list(_ENTRY.finditer(text := _EXAMPLE.sub("\n", doc)))
    ends = [*(start.start() for start in starts), len(text)][1:]
    found = {start[1]: text[start.end() : end].split("\n\n")[0] for start, end in zip(starts, ends, strict=True)}
    return {name: " ".join(meaning.split()) for name, meaning in found.items()}


def sentence(text: str) -> str:
    """Escaped text that begins with a capital, unless it begins with code, and ends with a full stop."""
    shown = escaped(text)
    return shown[:1].upper() + shown[1:] + ("" if shown.endswith((".", "?", "...")) else ".") if shown else ""


def meaning_of(name: str, meanings: Mapping[str, str], thing: str) -> str:
    """The meaning of an entry. Raises LookupError, with what to do, if its docstring has none."""
    if name in meanings:
        return sentence(meanings[name])
    raise LookupError(f"{thing} does not say what {name!r} means: add a line '{name}: ...' to its docstring")


def documented(doc: str) -> str:
    """A docstring as paragraphs, its entries as a list."""
    listed = "\n".join(f"- `{name}`: {escaped(text)}" for name, text in entries_of(doc).items())
    return "\n\n".join(part for part in (prose_of(doc), listed) if part)


def prose_of(doc: str) -> str:
    """A docstring without its entries and example, as paragraphs."""
    text = _EXAMPLE.sub("\n", doc)
    first = _ENTRY.search(text)
    kept = text[: first.start()] if first else text
    return "\n\n".join(escaped(part) for part in kept.strip().split("\n\n") if part.strip())
