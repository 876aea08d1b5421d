"""Rows, some thousands at a time -> columns of token ids on the disk, memory-mapped when they are read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from pytest_ftgate.data.readers.row import DataRow
from pytest_ftgate.errors import Fault
from pytest_ftgate.files.atomic import replacing_bytes
from pytest_ftgate.train.data import fits, in_pieces
from pytest_ftgate.train.training_row import TrainingRow

LENGTH = "length"
"""Column: tokens of the row."""


@dataclass(slots=True)
class Counts:
    """Of rows. rows: trained on. tokens: that the model reads of them. too_long: left out. shortest: tokens of any row.

    left_out: earlier answers that are not learnt. wanted, unwanted: answers, for "kto". unread: rows of each key that
    nothing reads.
    """

    rows: int = 0
    tokens: int = 0
    too_long: int = 0
    shortest: int = 0
    left_out: int = 0
    wanted: int = 0
    unwanted: int = 0
    unread: Counter[str] = field(default_factory=Counter)

    def add(self, row: TrainingRow, *, kept: bool) -> None:
        """One row more. kept: it is trained on."""
        self._shortest(len(row))
        if not kept:
            self.too_long += 1
            return
        self.rows += 1
        self.tokens += row.tokens
        self.left_out += row.left_out
        self.unread.update(row.unused)
        desired = getattr(row, "desired", None)
        self.wanted += desired is True
        self.unwanted += desired is False

    def _shortest(self, length: int) -> None:
        self.shortest = min(self.shortest or length, length)

    def merge(self, other: Counts) -> None:
        """Those of other rows, which come after these."""
        self._shortest(other.shortest or self.shortest)
        for name in ("rows", "tokens", "too_long", "left_out", "wanted", "unwanted"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.unread.update(other.unread)


def write_shard(
    path: Path, entries: Sequence[DataRow | Fault], made: Callable[[DataRow | Fault], Any], max_length: int
) -> list[Fault]:
    """Write the file, whole or not at all, or return the faults of the rows. made: of `reading.made_or_fault`."""
    rows = [made(entry) for entry in entries]
    if faults := [row for row in rows if isinstance(row, Fault)]:
        return faults
    counts, pieces = Counts(), []
    for row in rows:
        kept = fits(row, max_length)
        counts.add(row, kept=kept)
        pieces += list(in_pieces(row, max_length)) if kept else []
    _write(path, pieces, counts)
    return []


def _write(path: Path, pieces: Sequence[Mapping[str, Any]], counts: Counts) -> None:
    import pyarrow as pa

    columns = {name: _array([piece[name] for piece in pieces]) for name in (pieces[0] if pieces else ())}
    if pieces:
        columns[LENGTH] = pa.array([_tokens(piece) for piece in pieces], pa.int32())
    said = json.dumps({each.name: getattr(counts, each.name) for each in fields(counts)})
    table = pa.table(columns).replace_schema_metadata({"counts": said})
    with replacing_bytes(path) as stream, pa.ipc.new_stream(stream, table.schema) as writer:
        writer.write_table(table)


def _array(values: list[Any]) -> Any:
    import pyarrow as pa

    kinds = {bool: pa.bool_(), str: pa.string()}
    return pa.array(values, kinds.get(type(values[0]), pa.list_(pa.int32())))


def _tokens(piece: Mapping[str, Any]) -> int:
    """Of its longest conversation."""
    if "asked" in piece:
        return len(piece["asked"]) + len(piece["answer"])
    if "prompt" in piece:
        return len(piece["prompt"])
    answers = [len(piece[name]) for name in ("chosen_ids", "rejected_ids", "completion_ids") if name in piece]
    return len(piece["prompt_ids"]) + max(answers)


def read_counts(path: Path) -> Counts | None:
    """What `write_shard` counted; None if there is no such file, or it is damaged."""
    import pyarrow as pa

    try:
        with pa.memory_map(str(path)) as source:
            said = json.loads((pa.ipc.open_stream(source).schema.metadata or {})[b"counts"])
        return Counts(**(said | {"unread": Counter(said["unread"])}))
    except (OSError, ValueError, KeyError, TypeError):  # pyarrow's own errors are of these
        return None
