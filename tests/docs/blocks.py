"""README.md and docs/**/*.md -> their fenced code blocks, and what a comment before them says is to be done."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tests.repository import ROOT

DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
_FENCE = re.compile(
    r'^(?:<!-- run(?:: (?P<codes>[\d ]+))? -->\n)?^```(?P<language>\w*)(?: title="(?P<title>[^"]+)")?\n(?P<text>.*?)^```$',
    re.DOTALL | re.MULTILINE,
)
_RUN = "<!-- run"


@dataclass(frozen=True)
class Block:
    """One code block. title: the file that it is, "" for none. codes: exit codes allowed where it is run, else ()."""

    page: Path
    line: int
    language: str
    title: str
    text: str
    codes: tuple[int, ...]

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def commands(self) -> list[str]:
        """The lines of a shell block, those that end in a backslash joined with the next, without comments."""
        return [line.split("  #")[0] for line in self.text.replace("\\\n", " ").splitlines() if _is_command(line)]


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text("utf-8")
    return [_block(page, text, match) for match in _FENCE.finditer(text)]


def _is_command(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _block(page: Path, text: str, match: re.Match[str]) -> Block:
    run = match[0].startswith(_RUN)
    codes = tuple(int(code) for code in (match["codes"] or "0").split()) if run else ()
    line = text.count("\n", 0, match.start("text"))
    return Block(page, line, match["language"], match["title"] or "", match["text"], codes)


def prose_of(page: Path) -> str:
    """The page without its code blocks."""
    return _FENCE.sub("", page.read_text("utf-8"))
