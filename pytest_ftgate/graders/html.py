"""html: the tags of the answer are balanced HTML; nothing is fetched."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import ClassVar

from pytest_ftgate.graders.structure import StructureKind, UnreadableError, first_difference

_VOID_NAMES = "area base br col embed hr img input link meta source track wbr"
_BLOCK_NAMES = (
    "address article aside blockquote details div dl fieldset figure footer form h1 h2 h3 h4 h5 h6 header hr main "
    "menu nav ol p pre section table ul"
)
_VOID, _BLOCKS = frozenset(_VOID_NAMES.split()), frozenset(_BLOCK_NAMES.split())
_CLOSED_BY: Mapping[str, frozenset[str]] = {
    "p": _BLOCKS,
    "li": frozenset({"li"}),
    "dt": frozenset({"dt", "dd"}),
    "dd": frozenset({"dt", "dd"}),
    "td": frozenset({"td", "th", "tr", "tbody", "tfoot"}),
    "th": frozenset({"td", "th", "tr", "tbody", "tfoot"}),
    "tr": frozenset({"tr", "tbody", "tfoot"}),
    "thead": frozenset({"tbody", "tfoot"}),
    "tbody": frozenset({"tbody", "tfoot"}),
    "option": frozenset({"option", "optgroup"}),
    "optgroup": frozenset({"optgroup"}),
    "head": frozenset({"body"}),
    "tfoot": frozenset(),
    "body": frozenset(),
    "html": frozenset(),
}
"""Elements whose end tag may be left out, and the start tags that end them (HTML Living Standard, 13.1.2.4)."""


_AS_WRITTEN = frozenset({"pre", "textarea"})
"""Elements in which white space counts."""

_TAG_BEGINS = re.compile("<[a-zA-Z/!?]")


class _Reader(HTMLParser):
    """Collects tags, with sorted attributes, and texts with single spaces."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._texts: list[str] = []
        self._open: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._flush()
        while self._open and tag in _CLOSED_BY.get(self._open[-1][0], ()):
            self._close()
        attributes = (
            f"{name}={value or ''!r}" for name, value in sorted(attrs, key=lambda pair: (pair[0], pair[1] or ""))
        )
        self.found.append(" ".join([f"<{tag}", *attributes]) + ">")
        if tag not in _VOID:
            self._open.append((tag, self.getpos()[0]))

    def handle_endtag(self, tag: str) -> None:
        self._flush()
        while self._open and self._open[-1][0] != tag and self._open[-1][0] in _CLOSED_BY:
            self._close()
        if not self._open:
            raise UnreadableError(f"</{tag}> in line {self.getpos()[0]} closes nothing")
        if self._open[-1][0] != tag:
            name, line = self._open[-1]
            raise UnreadableError(f"<{name}> of line {line} is not closed before </{tag}> in line {self.getpos()[0]}")
        self._close()

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:  # of SVG and MathML
            self._close()

    def handle_data(self, data: str) -> None:
        self._texts.append(data)

    def finish(self) -> list[str]:
        if _TAG_BEGINS.match(self.rawdata):
            raise UnreadableError(f"the tag that begins in line {self.getpos()[0]} does not end")
        self.close()
        self._flush()
        while self._open and self._open[-1][0] in _CLOSED_BY:
            self._close()
        if self._open:
            name, line = self._open[-1]
            raise UnreadableError(f"<{name}> of line {line} is not closed")
        if not any(each.startswith("<") for each in self.found):
            raise UnreadableError("no tag")
        return self.found

    def _close(self) -> None:
        self.found.append(f"</{self._open.pop()[0]}>")

    def _flush(self) -> None:
        text = "".join(self._texts)
        if not any(name in _AS_WRITTEN for name, _ in self._open):
            text = " ".join(text.split())
        if text:
            self.found.append(text)
        self._texts.clear()


def _read(text: str) -> list[str]:
    reader = _Reader()
    try:
        reader.feed(text)
        return reader.finish()
    except AssertionError as error:  # so the library says that a declaration is malformed
        raise UnreadableError(str(error) or "malformed declaration") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Html(StructureKind):
    """1 if the answer is HTML with balanced tags, and with `equal` the same document as the case expects, else 0.

    End tags that HTML lets out (`li`, `p`, `td` and so on) may be left out. Upper and lower case of names, the order of
    attributes, comments and white space around texts (but in `pre` and `textarea`) do not count. Which element may
    stand where is not checked.

    Example::

        [[grader]]
        kind = "html"
        # right = "<ul><li>one<li>two</ul>", wrong = "<b><i>one</b></i>"
    """

    kind: ClassVar[str] = "html"
    title: ClassVar[str] = "HTML"
    tags: ClassVar[tuple[str, ...]] = ("html", "xhtml", "htm")
    read = staticmethod(_read)
    difference = staticmethod(first_difference)
