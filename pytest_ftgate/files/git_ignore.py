"""(folder of our own) -> the folder, made with a .gitignore that keeps all of it out of git."""

from __future__ import annotations

from pathlib import Path

FILE = ".gitignore"
_TEXT = "# Made by pytest-ftgate with the folder, which belongs to one machine.\n*\n"


def make_ignored(folder: Path) -> None:
    """Make the folder; one that is there is left as it is, as it may hold other files. Raises OSError."""
    if not folder.exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FILE).write_text(_TEXT, encoding="utf-8")
