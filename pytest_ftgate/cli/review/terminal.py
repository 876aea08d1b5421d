"""(queue, standard input) -> decisions: one item at a time, one key a decision."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from pytest_ftgate.annotation.item import Choice, Item, ReviewError
from pytest_ftgate.annotation.review_queue import ReviewQueue
from pytest_ftgate.files.escape import visible

Say = Callable[[str], None]
END = "."
"""A line of its own that ends a text typed without an editor."""


def run_terminal(queue: ReviewQueue, source: TextIO, say: Say) -> None:
    """Ask until everything is decided, or `q`, or the end of the input.

    In a terminal a key counts at once; from a pipe each line's first letter does.
    """
    say(f"{queue.task.title}: {queue.done} of {len(queue.items)} done")
    while item := queue.current:
        _show(queue, item, say)
        if not _answered(queue, item, source, say):
            say(f"stopped at {queue.done} of {len(queue.items)}; run the same command to continue")
            return
    say(f"all {len(queue.items)} done")


def _show(queue: ReviewQueue, item: Item, say: Say) -> None:
    say("")
    say(f"--- {queue.done + 1} of {len(queue.items)} " + "-" * 40)
    for heading, text in item.parts:
        say(f"[{heading}]")
        say(visible(text))
    say("")


def _answered(queue: ReviewQueue, item: Item, source: TextIO, say: Say) -> bool:
    """Read keys until the item is decided or another one is current; False to stop."""
    while True:
        say(f"{queue.task.question}  {_keys(queue)}")
        key = _key(source)
        if key in ("", "q"):
            return False
        if key == "u":
            if queue.undo() is not None:
                return True
            say("nothing to undo")
        elif choice := next((each for each in queue.task.choices if each.key == key), None):
            if _taken(queue, item, choice, source, say):
                return True
        elif key != "?":
            say(f"unknown key {key!r}")


def _taken(queue: ReviewQueue, item: Item, choice: Choice, source: TextIO, say: Say) -> bool:
    text = _edit(item.draft, source, say) if choice.edits else None
    try:
        queue.decide(item.id, choice.value, text)
    except ReviewError as error:
        say(f"invalid: {error}")
        return False
    return True


def _keys(queue: ReviewQueue) -> str:
    keys = [f"{choice.key} {choice.label}" for choice in queue.task.choices]
    return "[" + " | ".join([*keys, "u undo", "q stop"]) + "]"


def _key(source: TextIO) -> str:
    """The next key in lower case; "" at the end of the input."""
    if source.isatty():
        with _unbuffered(source):
            pressed = _pressed(source.fileno())
        return "" if pressed == b"\x04" else pressed[:1].decode("utf-8", "replace").lower()
    while line := source.readline():
        if line.strip():
            return line.strip()[0].lower()
    return ""


def _pressed(file: int) -> bytes:
    """One key; an arrow key is one too, though it comes as an escape sequence whose last letter may be a choice."""
    import select

    pressed = os.read(file, 1)
    while pressed.startswith(b"\x1b") and select.select([file], [], [], 0.02)[0] and len(pressed) < 16:
        pressed += os.read(file, 1)
    return pressed


@contextmanager
def _unbuffered(source: TextIO) -> Iterator[None]:
    """A terminal that hands out each key at once, Ctrl-C apart; as it was afterwards."""
    import termios
    import tty

    before = termios.tcgetattr(source.fileno())
    try:
        tty.setcbreak(source.fileno(), termios.TCSADRAIN)
        yield
    finally:
        termios.tcsetattr(source.fileno(), termios.TCSADRAIN, before)


def _edit(draft: str, source: TextIO, say: Say) -> str:
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if editor and source.isatty():
        return _in_editor(editor, draft)
    say(f"[now]\n{visible(draft)}\n[type the new text; finish with a line containing only {END}]")
    lines = []
    while (line := source.readline()) and line.rstrip("\r\n") != END:
        lines.append(line)
    return "".join(lines).strip()


def _in_editor(editor: str, draft: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "row.json")
        file.write_text(draft, encoding="utf-8")
        subprocess.run([*shlex.split(editor), str(file)], check=False)
        return file.read_text(encoding="utf-8")
