"""xml: the answer is well-formed XML; nothing is fetched, and no entity is expanded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pytest_ftgate.graders.structure import StructureKind, UnreadableError, first_difference


def _read(text: str) -> list[str]:
    """Tags, with their namespaces and with sorted attributes, and texts without the space around them."""
    from xml.parsers import expat

    parser = expat.ParserCreate("utf-8", namespace_separator=" ")  # whatever the text declares: it is decoded
    found: list[str] = []
    texts: list[str] = []

    def flush() -> None:
        if words := " ".join("".join(texts).split()):
            found.append(words)
        texts.clear()

    def start(name: str, attributes: dict[str, str]) -> None:
        flush()
        found.append(" ".join([f"<{name}", *(f"{key}={value!r}" for key, value in sorted(attributes.items()))]) + ">")

    def end(name: str) -> None:
        flush()
        found.append(f"</{name}>")

    def refuse(*_: object) -> None:
        raise UnreadableError("it declares entities, which are not expanded here")

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = texts.append
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(text.strip().encode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        raise UnreadableError(
            f"{expat.ErrorString(error.code)}, line {error.lineno}, column {error.offset + 1}"
        ) from None
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Xml(StructureKind):
    """1 if the answer is well-formed XML, and with `equal` the same document as the case's expected text, else 0.

    The order of attributes, prefixes of namespaces, comments and white space around texts do not count. Entities of its
    own are refused, and nothing is fetched.

    Example::

        [[grader]]
        kind = "xml"
        equal = true
        # expected = "<a x='1'>b</a>", right = '<a x="1"> b </a>', wrong = "<a>b</a>"
    """

    kind: ClassVar[str] = "xml"
    title: ClassVar[str] = "XML"
    tags: ClassVar[tuple[str, ...]] = ("xml", "svg", "xhtml")
    read = staticmethod(_read)
    difference = staticmethod(first_difference)
