"""The records of a state folder: `records/RUN/SET.jsonl`; the last 30 runs of a set are kept, and those named."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from glob import escape
from pathlib import Path
from shutil import rmtree

from pytest_ftgate.errors import RecordError
from pytest_ftgate.evaluate.records import files
from pytest_ftgate.evaluate.records.record import Facts, Record
from pytest_ftgate.files.atomic import write_text
from pytest_ftgate.files.seal import FILE as KEY_FILE
from pytest_ftgate.files.seal import state_key
from pytest_ftgate.files.text import shown

FOLDER = "records"
NAMES = "names.json"
KEPT = 30
"""Runs of a golden set, each with all its models and prompts."""
WHOLE_KEPT = 2
"""Runs of all its cases that stay however many runs of a few came later: what the next is compared with."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A record on the disk. record: None if only its facts were read so far."""

    path: Path
    facts: Facts
    record: Record | None = None


def nearest(stored: Sequence[Stored], model: str, variant: str) -> Stored | None:
    """Of the records of one run on one set the one of the same prompt variant and model, as far as there is one."""

    def likeness(each: Stored) -> tuple[bool, bool, bool]:
        return each.facts.variant == variant, each.facts.digest == model, each.facts.whole

    return max(stored, key=likeness, default=None)


def _place(path: Path) -> tuple[str, int]:
    """Set by set, and its models and prompts as the run asked them, see `RecordStore._free`."""
    name, _, number = path.stem.rpartition(".")
    return (name, int(number)) if name and number.isdecimal() else (path.stem, 1)


class RecordStore:
    """state: the state folder."""

    def __init__(self, state: Path) -> None:
        self._state, self.folder = state, state / FOLDER

    @cached_property
    def key(self) -> bytes:
        """Of the seals. Raises JournalError."""
        return state_key(self._state)

    @property
    def key_if_any(self) -> bytes:
        """The same where the folder has one; else b"": a question makes no key."""
        return self.key if (self._state / KEY_FILE).exists() else b""

    def new_run(self) -> str:
        """The id of a run that ends now, with its folder: 20261128-140512-3f9a, UTC; ids sort as the runs ended.

        Raises RecordError.
        """
        while True:
            now = time.time()
            run = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}-{int(now % 1 * 65536):04x}"
            try:
                (self.folder / run).mkdir(parents=True)
            except FileExistsError:
                time.sleep(0.001)
            except OSError as error:
                raise RecordError(f"{shown(self.folder)}: cannot be written: {error.strerror or error}") from None
            else:
                return run

    def write(self, record: Record) -> Path:
        """Keep a record in the folder of its run, and remove what is too old; its path. Raises RecordError."""
        facts = record.facts
        path = self._free(self.folder / facts.run, facts.set)
        files.write(path, self.key, record)
        self._prune(facts.set)
        return path

    def read(self, stored: Stored) -> Record:
        """The whole record. Raises RecordError, IntegrityError if it was edited."""
        return stored.record or files.read(stored.path, self.key)[0]

    def all(self, golden: str = "") -> Iterator[Stored]:
        """The newest first; what does not fit its seal is left out. golden: of this set alone."""
        for path, facts in self._scanned(golden):
            if facts is not None and golden in {"", facts.set}:
                yield Stored(path, facts)

    def edited(self, golden: str = "") -> list[Path]:
        """Files whose first line does not fit its seal. golden: whose name begins with that of this set."""
        return [path for path, facts in self._scanned(golden) if facts is None]

    def latest(self, golden: str, model: str = "", variant: str = "") -> Stored | None:
        """Of the newest run that has nearly all cases of a set, else of the newest; None if there is none.

        model (its digest), variant: of a run that asked several, the record of the same ones, if there is one.
        """
        stored = list(self.all(golden))
        run = next((each.facts.run for each in stored if each.facts.whole), stored[0].facts.run if stored else "")
        return nearest([each for each in stored if each.facts.run == run], model, variant)

    @property
    def names(self) -> Mapping[str, str]:
        """Run by the name that was given to it."""
        try:
            data = json.loads((self.folder / NAMES).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as error:
            raise RecordError(f"{shown(self.folder / NAMES)}: cannot be read: {error}; remove it") from None
        if not (isinstance(data, dict) and all(isinstance(run, str) for run in data.values())):
            raise RecordError(f"{shown(self.folder / NAMES)}: expected an object of names and run ids; remove it")
        return data

    def name(self, run: str, name: str) -> None:
        """Call a run by a name, which no other has then. Raises RecordError."""
        try:
            write_text(self.folder / NAMES, json.dumps({**self.names, name: run}, indent=1, sort_keys=True) + "\n")
        except OSError as error:
            raise RecordError(f"{shown(self.folder / NAMES)}: cannot be written: {error.strerror or error}") from None

    def _scanned(self, golden: str) -> Iterator[tuple[Path, Facts | None]]:
        """Files of records, the newest first, with their facts; None if they are not what was written there."""
        if not self.folder.is_dir():
            return
        for run in sorted((path for path in self.folder.iterdir() if path.is_dir()), reverse=True):
            for path in sorted(run.glob(f"{escape(golden)}*.jsonl"), key=_place):
                with suppress(OSError):
                    facts = files.read_facts(path, self.key)
                    yield path, facts if facts and facts.run == run.name else None

    @staticmethod
    def _free(folder: Path, golden: str) -> Path:
        """SET.jsonl; SET.2.jsonl and so on for further models or prompts of the run."""
        path, number = folder / f"{golden}.jsonl", 1
        while path.exists():
            number += 1
            path = folder / f"{golden}.{number}.jsonl"
        return path

    def _prune(self, golden: str) -> None:
        """Run by run, so that none is cut in half."""
        named = set(self.names.values())
        runs: dict[str, list[Stored]] = {}
        for stored in self.all(golden):
            if stored.facts.run not in named:
                runs.setdefault(stored.facts.run, []).append(stored)
        whole = [run for run, records in runs.items() if any(each.facts.whole for each in records)]
        for run in [run for run in list(runs)[KEPT:] if run not in whole[:WHOLE_KEPT]]:
            for stored in runs[run]:
                with suppress(OSError):
                    stored.path.unlink()
                    if not any(stored.path.parent.glob("*.jsonl")):  # its report stays as long as a record does
                        rmtree(stored.path.parent)
