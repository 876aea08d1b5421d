"""What a person calls a run -> its records: one for each golden set, or one for each model and prompt of a set."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from pytest_ftgate.errors import RecordError
from pytest_ftgate.evaluate.records import files
from pytest_ftgate.evaluate.records.record import Facts
from pytest_ftgate.evaluate.records.store import RecordStore, Stored
from pytest_ftgate.files.schema import suggestion
from pytest_ftgate.files.text import shown
from pytest_ftgate.golden.spec import BASE_PROMPT

_LAST = re.compile(r"last(?:~(\d{1,4}))?")
_LEAST_PREFIX = 4
_SINGLE = (".golden.jsonl", ".golden.yaml", ".golden.yml", ".golden.json", ".golden.csv")
_SHOWN = 5
EXPECTED = (
    "expected last, last~1, a run id or its beginning, a name from `ftgate runs tag`, a model, a prompt variant, a "
    "golden set, or an exported file"
)


def find(store: RecordStore, name: str, golden: str = "") -> list[Stored]:
    """The records, one or more. golden: of this set alone.

    Raises RecordError if there is none, or if the name means several things; IntegrityError for an edited file.
    """
    found = _of_file(store, name) if _is_record_path(name) else _of_run(store, name, golden) or _of_kind(store, name)
    chosen = [stored for stored in found if golden in {"", stored.facts.set}]
    if chosen:
        return chosen
    raise RecordError(_missing(store, name, golden, found))


def _missing(store: RecordStore, name: str, golden: str, found: list[Stored]) -> str:
    """The error: no such golden set in any run, none in the run of that name, or no such run."""
    known = {each.facts.set for each in store.all()}
    if found:
        return f"run {name!r} has no record of golden set {golden}; {suggestion(golden, (s.facts.set for s in found))}"
    if not known:
        return f"no run {name!r}: there are no runs in {shown(store.folder)} yet; run pytest first, or pass --state-dir"
    if golden and golden not in known:
        return f"no run of golden set {golden} is kept in {shown(store.folder)}; {suggestion(golden, known)}"
    return f"no run {name!r}{f' of golden set {golden}' if golden else ''}; {EXPECTED}\n    {_runs(store, golden)}"


def set_name(text: str) -> str:
    """The name of the golden set that a path, or the name itself, means."""
    path = Path(text.rstrip("/"))
    if path.name == "golden.toml":
        return path.absolute().parent.name
    if path.name in {"", ".", ".."}:
        return path.resolve().name
    return next((path.name.removesuffix(end) for end in _SINGLE if path.name.endswith(end)), path.name)


def _is_record_path(name: str) -> bool:
    path = Path(name)
    if path.is_dir():
        return not (path / "golden.toml").exists() and any(path.glob("*.jsonl"))
    return path.is_file() and path.name != "golden.toml" and not path.name.endswith(_SINGLE)


def _of_file(store: RecordStore, name: str) -> list[Stored]:
    path = Path(name)
    paths = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    return [Stored(each, record.facts, record) for each in paths for record in files.read(each, store.key_if_any)]


def _of_run(store: RecordStore, name: str, golden: str) -> list[Stored]:
    stored = list(store.all(golden))
    runs = list(dict.fromkeys(each.facts.run for each in stored))
    graded = list(dict.fromkeys(each.facts.run for each in stored if each.facts.n))
    run = _run(store, name, (graded or runs) if _LAST.fullmatch(name) else runs)
    return [each for each in stored if each.facts.run == run]


def runs_called(store: RecordStore, name: str, runs: list[str]) -> list[str]:
    """The ids that a name means: "last", "last~1" of these runs, a name that was given, an id or its beginning."""
    if last := _LAST.fullmatch(name):
        back = int(last[1] or 0)
        return runs[back : back + 1]
    if name in store.names:
        return [store.names[name]]
    return [run for run in runs if run.startswith(name)] if len(name) >= _LEAST_PREFIX else []


def _run(store: RecordStore, name: str, runs: list[str]) -> str:
    """The id of the run of that name, "" if it is not the name of a run."""
    found = runs_called(store, name, runs)
    if len(found) > 1:
        raise RecordError(f"{len(found)} runs begin with {name!r}: {', '.join(found[:_SHOWN])}; name one of them")
    return found[0] if found else ""


def _of_kind(store: RecordStore, name: str) -> list[Stored]:
    """The newest records of a golden set, a model or a prompt variant, of each set those of one run."""
    found = kinds_of(store, name)
    if len(found) > 1:
        raise RecordError(f"{name!r} is a {' and a '.join(found)}; name a run: ftgate runs")
    return _newest(next(iter(found.values()), []))


def kinds_of(store: RecordStore, name: str) -> dict[str, list[Stored]]:
    """What a name is besides a run ("golden set", "model", "prompt variant"), with the records of it.

    base: the own prompt of a set, in runs that asked variants of it too.
    """
    stored = list(store.all())
    varied = {(each.facts.run, each.facts.set) for each in stored if each.facts.variant}
    kinds: dict[str, Callable[[Facts], bool]] = {
        "golden set": lambda facts: facts.set == set_name(name),
        "model": lambda facts: name in {facts.model, facts.title},
        "prompt variant": lambda facts: (facts.variant or BASE_PROMPT) == name and (facts.run, facts.set) in varied,
    }
    found = {kind: [each for each in stored if fits(each.facts)] for kind, fits in kinds.items()}
    return {kind: some for kind, some in found.items() if some}


def _newest(stored: list[Stored]) -> list[Stored]:
    """Of each set those of the newest run with nearly all of its cases, else of the newest."""
    first: dict[str, str] = {}
    for each in [*(each for each in stored if each.facts.whole), *stored]:
        first.setdefault(each.facts.set, each.facts.run)
    return [each for each in stored if first[each.facts.set] == each.facts.run]


def _runs(store: RecordStore, golden: str) -> str:
    runs = list(dict.fromkeys(each.facts.run for each in store.all(golden)))
    names = "".join(f", {name}" for name in store.names)
    return f"runs: {', '.join(runs[:_SHOWN])}{', ...' if len(runs) > _SHOWN else ''}{names}; `ftgate runs` lists them"
