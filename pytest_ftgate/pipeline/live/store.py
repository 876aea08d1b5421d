"""(state folder, task) -> what was sampled and what was proposed: lines that are only ever added."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import JournalError
from pytest_ftgate.files.append_log import AppendLog, line_of, objects
from pytest_ftgate.pipeline.live.live_input import LiveInput

FOLDER = "live"
PRIVATE = 0o700
"""Of the folder: names and addresses are in no pattern, and may still be in the texts."""
_BUSY = " is in use by another `ftgate live`; wait until it has ended"


class LiveStore:
    """The files of one task. Open it with `with`: then nobody else samples or proposes meanwhile."""

    def __init__(self, state_dir: Path, task: str) -> None:
        self.folder = state_dir / FOLDER / task
        self._sampled = AppendLog(self.folder / "sampled.jsonl", sync=True, alone=_BUSY)
        self._proposed = AppendLog(self.folder / "proposed.jsonl", sync=True, alone=_BUSY)

    def __enter__(self) -> LiveStore:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(PRIVATE)
        self._sampled.open()
        try:
            self._proposed.open()
        except BaseException:
            self._sampled.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._proposed.close()
        self._sampled.close()

    @property
    def labelled_file(self) -> Path:
        """Where the labelled inputs are written, for `pytest --canary --live`."""
        return self.folder / "labelled.jsonl"

    def samples(self) -> list[dict[str, Any]]:
        """The samples so far: {"draw": what was asked for, "inputs": [...]}. Raises JournalError."""
        return list(objects(self._sampled.path, "sample"))

    def sampled(self) -> list[LiveInput]:
        """Every input that was ever drawn, in that order. Raises JournalError."""
        return [each for sample in self.samples() for each in _inputs(sample, self._sampled.path)]

    def add_sample(self, wanted: Mapping[str, Any], inputs: Iterable[LiveInput]) -> None:
        """All or nothing."""
        self._sampled.append({"draw": dict(wanted), "inputs": [each.to_json() for each in inputs]})

    def proposed(self) -> list[dict[str, Any]]:
        """Every line: {"round", "side", "id", "row"}, or {"round", "written": folder}. Raises JournalError."""
        return list(objects(self._proposed.path, "proposal"))

    def add_proposals(self, lines: Iterable[Mapping[str, Any]]) -> None:
        """All or nothing."""
        self._proposed.append_lines([line_of(line) for line in lines])


def _inputs(sample: Mapping[str, Any], path: Path) -> Iterator[LiveInput]:
    try:
        yield from (LiveInput.from_json(each) for each in sample["inputs"])
    except (KeyError, TypeError) as error:
        raise JournalError(f"{path}: not a line of samples ({error!r}); restore the file, or move it away") from None
