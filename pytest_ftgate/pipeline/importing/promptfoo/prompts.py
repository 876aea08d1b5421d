"""`prompts` of a promptfoo configuration -> the prompts that can be carried over, as turns of a conversation."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import FileFaults
from pytest_ftgate.files.text import read_text, shown
from pytest_ftgate.files.yaml import parse_yaml
from pytest_ftgate.pipeline.importing.imported import Losses
from pytest_ftgate.pipeline.importing.promptfoo.document import FILE, YAML, Document, Place, files_of
from pytest_ftgate.pipeline.importing.promptfoo.templates import Names, NotSameError, is_template, names_of

ROLES = ("system", "user", "assistant")
_TEXTS = (".txt", ".md", ".j2", ".json", ".jsonl", *YAML)
_OTHER_FILES = (".csv", ".js", ".cjs", ".mjs", ".ts", ".py")
_LONGEST_NAME = 256
"""Bytes of a name that a file system takes, and one more."""
_SEPARATOR = re.compile(r"^---\r?$", re.MULTILINE)
_OTHER_SOURCES = re.compile(r"(?:https?|langfuse|portkey|helicone|exec|package|python|huggingface|ai21|s3|gs)[:]/?/?")


@dataclass(frozen=True, slots=True)
class ChatPrompt:
    """One prompt. turns: (role, template of the turn), the last one of the user."""

    label: str
    turns: tuple[tuple[str, str], ...]
    place: Place
    names: Names = field(default_factory=lambda: Names(frozenset()))

    @property
    def fixed_before(self) -> bool:
        """Whether all before the last turn is text, in the order that [prompt] has: system, then examples."""
        before = self.turns[:-1]
        roles = [role for role, _ in before]
        pairs = roles[1:] if roles[:1] == ["system"] else roles
        return pairs == ["user", "assistant"] * (len(pairs) // 2) and not any(is_template(text) for _, text in before)

    @property
    def last(self) -> str:
        """The template of the last turn."""
        return self.turns[-1][1]

    def table(self) -> dict[str, Any]:
        """As [prompt] of golden.toml; see `fixed_before`."""
        made: dict[str, Any] = {"system": self.turns[0][1]} if self.turns[0][0] == "system" else {}
        texts = [text for _, text in self.turns[len(made) : -1]]
        examples = [[user, answer] for user, answer in zip(texts[::2], texts[1::2], strict=True)]
        return made | {"template": self.last} | ({"examples": examples} if examples else {})


def read_prompts(config: Document, losses: Losses) -> list[ChatPrompt]:
    """The prompts in their order; what cannot be one is noted as lost."""
    written = config.data.get("prompts", [])
    entries = _entries(written)
    made: list[ChatPrompt] = []
    for number, entry in enumerate(entries):
        place = config.place("prompts", number)
        for label, text, where in _texts(entry, place, config.path.parent, losses):
            try:
                made.append(_prompt(label, text, where))
            except NotSameError as error:
                losses.add(where.path, where.line, "prompt", str(error), cases=0)
    return made


def _entries(written: Any) -> list[Any]:
    """The entries of a list, of one prompt, or of the older form {file: label}."""
    if isinstance(written, Mapping) and not {"raw", "id", "path"} & written.keys():
        return [{"id": name, "label": label} for name, label in written.items()]
    return written if isinstance(written, list) else [written] if written else []


def _texts(entry: Any, place: Place, folder: Path, losses: Losses) -> Iterator[tuple[str, str, Place]]:
    """(label, text, where it stands) of an entry."""
    label = ""
    if isinstance(entry, Mapping):
        label = str(entry.get("label") or entry.get("display") or "")
        if unread := [key for key in ("function", "config") if key in entry]:
            losses.add(place.path, place.line, f"{unread[0]} of a prompt", "is not carried over", cases=0)
        entry = entry.get("raw", entry.get("id", entry.get("path")))
    if isinstance(entry, list):
        entry = json.dumps(entry)
    if not isinstance(entry, str) or not entry.strip():
        losses.add(place.path, place.line, "prompt", "is no text", cases=0)
    elif entry.startswith(FILE) or _is_path(entry, folder):
        paths = list(files_of(entry, folder))
        if not paths:
            losses.add(place.path, place.line, "prompt", f"no file matches {entry}", cases=0)
        for path in paths:
            yield from _of_file(path, label, place, losses)
    elif _OTHER_SOURCES.match(entry):
        losses.add(place.path, place.line, "prompt", f"from {entry.partition(':')[0]}: is not fetched", cases=0)
    else:
        yield label, entry, place


def _is_path(text: str, folder: Path) -> bool:
    """Whether a prompt without scheme is the path of a file, as promptfoo takes it, or can be nothing else."""
    if len(text.encode(errors="replace")) >= _LONGEST_NAME or "\n" in text or "{{" in text:
        return False
    is_named_as_file = not re.search(r"\s", text) and Path(text).suffix in (*_TEXTS, *_OTHER_FILES)
    return is_named_as_file or (folder / text).is_dir() or any(path.is_file() for path in files_of(text, folder))


def _of_file(path: Path, label: str, place: Place, losses: Losses) -> Iterator[tuple[str, str, Place]]:
    name = shown(path)
    if path.suffix not in _TEXTS:
        why = "prompts of programs and tables are not carried over; write what it makes as text"
        losses.add(place.path, place.line, f"prompt {path.name}", why, cases=0)
        return
    try:
        text = read_text(path)
    except FileFaults as error:
        losses.add(place.path, place.line, f"prompt {path.name}", error.faults[0].message, cases=0)
        return
    if path.suffix in (".txt", ".jsonl"):
        begins = 0
        marks = list(_SEPARATOR.finditer(text)) if path.suffix == ".txt" else list(re.finditer(r"\n", text))
        for end, after in [*((mark.start(), mark.end()) for mark in marks), (len(text), len(text))]:
            if part := text[begins:end].strip():
                line = text.count("\n", 0, text.index(part, begins)) + 1
                yield label or (path.stem if not marks else ""), part, Place(name, line)
            begins = after
    else:
        yield label or path.stem, text.strip(), Place(name, 1)


def _prompt(label: str, text: str, place: Place) -> ChatPrompt:
    """The prompt of a text, or of the JSON or YAML of a conversation. Raises NotSameError."""
    turns = tuple(_turns(text))
    if not turns or turns[-1][0] != "user":
        raise NotSameError("the conversation does not end with a message of the user")
    found = [names_of(turn) for _, turn in turns]
    joined = Names(*(frozenset().union(*(getattr(one, key) for one in found)) for key in ("all", "optional", "parts")))
    return ChatPrompt(label, turns, place, joined)


def _turns(text: str) -> Iterator[tuple[str, str]]:
    messages = _messages(text)
    if messages is None:
        yield "user", text
        return
    for message in messages:
        role, content = message.get("role"), message.get("content")
        if isinstance(content, list) and all(isinstance(part, dict) and "text" in part for part in content):
            content = "".join(str(part["text"]) for part in content)
        if role not in ROLES or not isinstance(content, str):
            raise NotSameError("a message must have the role system, user or assistant, and a text")
        yield role, content


def _messages(text: str) -> list[dict[str, Any]] | None:
    """The messages of a text that is a conversation in JSON or YAML; None for any other text."""
    begins = text.lstrip()
    try:
        found = (
            json.loads(text) if begins.startswith("[") else parse_yaml(text) if begins.startswith("- role:") else None
        )
    except (ValueError, RecursionError, FileFaults):
        found = None
    if begins.startswith("[") and '"role"' in begins and found is None:
        raise NotSameError("the conversation is no JSON before its variables are put in")
    is_chat = isinstance(found, list) and bool(found) and all(isinstance(each, dict) for each in found)
    return found if is_chat else None
