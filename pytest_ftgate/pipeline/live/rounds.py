"""(proposals, store, folder) -> the lines that remember them, then the files; a kill between the two loses neither."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.files.atomic import write_text
from pytest_ftgate.pipeline.live.propose import Proposals, golden_row, train_row

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.live.store import LiveStore

CASES, TRAIN = "cases.jsonl", "train.jsonl"
FILES = {"golden": CASES, "train": TRAIN}


def keep(store: LiveStore, found: Proposals, out: Path | None) -> Path | None:
    """Remember what was found, then write it; the folder, None if there is nothing. Raises FtgateError."""
    rows = [("golden", key, golden_row(each)) for key, each in found.golden.items()]
    rows += [("train", key, train_row(each)) for key, each in found.train.items()]
    if not rows:
        return None
    number = 1 + max((line["round"] for line in store.proposed()), default=0)
    folder = out or store.folder / f"proposals-{number}"
    check_free(folder)
    named = {"round": number, "folder": str(folder)}
    store.add_proposals({**named, "side": side, "id": key, "row": row} for side, key, row in rows)
    _write(store, number, folder)
    return folder


def finish(store: LiveStore) -> Iterator[Path]:
    """Write the files of rounds that were remembered and then interrupted; their folders."""
    lines = store.proposed()
    written = {line["round"] for line in lines if "written" in line}
    for number, folder in {line["round"]: line["folder"] for line in lines if "side" in line}.items():
        if number not in written:
            _write(store, number, Path(folder))
            yield Path(folder)


def check_free(folder: Path) -> None:
    """Raises FtgateError if a file would be overwritten."""
    for name in FILES.values():
        if (folder / name).exists():
            raise FtgateError(f"{folder / name} exists, and is not overwritten; name another folder: --out DIR")


def _write(store: LiveStore, number: int, folder: Path) -> None:
    lines = [line for line in store.proposed() if line["round"] == number and "side" in line]
    for side, name in FILES.items():
        if rows := [line["row"] for line in lines if line["side"] == side]:
            write_text(folder / name, _text(rows))
    store.add_proposals([{"round": number, "written": str(folder)}])


def _text(rows: Iterable[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
