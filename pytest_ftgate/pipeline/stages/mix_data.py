"""(files of training rows, weights, a general file and its share) -> one file that is trained on, drawn by the seed.

What comes before (checks, copies, the comparison with golden sets) sees the files themselves, whole.
"""

from __future__ import annotations

import random
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.data.lineage import mixed as mixed_lineage
from pytest_ftgate.data.split.write import ORIGIN
from pytest_ftgate.errors import Fault, PipelineError
from pytest_ftgate.files.atomic import replacing_bytes
from pytest_ftgate.files.text import shown
from pytest_ftgate.pipeline.tables import Data

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.config import Pipeline
    from pytest_ftgate.pipeline.run import PipelineRun

FILE = "mixed.jsonl"


def mix(run: PipelineRun) -> None:
    """Put the run on one file of training rows, if its pipeline names several; `lineage` tells how many of each."""
    if run.data is None or not run.data.pipeline.data.is_mixed:
        return
    data, pipeline = run.data.pipeline.data, run.data.pipeline
    folder = run.runtime.settings.state_dir / "runs" / run.name / "mixed"
    names = {kind: run.data.origins.get(path, shown(path)) for kind, path in data.files.items()}
    written = {kind: str(source["path"]) for kind, source in run.data.lineage.items()}
    copy, taken = mixed(data, written, folder, pipeline.seed)
    _check(run.source, taken, names)
    one = data.on_one(copy)
    lineage = mixed_lineage(run.data.lineage, copy, taken)
    run.data = replace(run.data, pipeline=replace(pipeline, data=one), lineage=lineage)
    told = ", ".join(f"{count:,} of {names[kind]}" for kind, count in taken.items())
    run.say(f"trains on {sum(taken.values()):,} rows: {told}")


def check_mix(pipeline: Pipeline, counts: Mapping[str, int]) -> None:
    """Before anything is paid for. counts: kind -> rows of its file.

    Raises PipelineError naming each file of which no row would be taken.
    """
    if pipeline.data.is_mixed:
        drawn = _drawn(pipeline.data, counts, 0)
        files = {kind: shown(path) for kind, path in pipeline.data.files.items()}
        _check(pipeline, {kind: len(numbers) for kind, numbers in drawn.items()}, files)


def _check(pipeline: Pipeline, taken: Mapping[str, int], names: Mapping[str, str]) -> None:
    faults = []
    for kind in (kind for kind, count in taken.items() if not count):
        if kind == "general":
            key, fix = "general_share", "raise it, or remove it and data.general"
            message = f"data.general_share = {pipeline.data.general_share:g} of the rows is less than one row"
        else:
            key, fix = "train", "raise its weight, or remove the file"
            weight = dict(zip(taken, pipeline.data.weights, strict=False))[kind]
            message = f"data.train: weight = {weight:g} takes no row of {names[kind]}"
        faults.append(Fault(shown(pipeline.path), pipeline.line_of("data", key), message, fix))
    if faults:
        raise PipelineError(faults)


def mixed(data: Data, names: Mapping[str, str], folder: Path, seed: int) -> tuple[Path, dict[str, int]]:
    """(file of JSON Lines in an order drawn by the seed, kind -> rows of it).

    Each row has the key "origin", the file and line that it was read from. names: kind -> file as "origin" names it,
    the same from whichever folder a run is started: the copy's digest is in the job's.
    """
    folder.mkdir(parents=True, exist_ok=True)
    heap = folder / "rows"
    with heap.open("wb+") as stream:
        places: dict[str, array[int]] = {kind: array("Q") for kind in data.files if kind != "validation"}
        for kind, line in _lines(data, names):
            places[kind].append(stream.tell())
            stream.write(line)
        drawn = _drawn(data, {kind: len(found) for kind, found in places.items()}, seed)
        order = [places[kind][number] for kind, numbers in drawn.items() for number in numbers]
        random.Random(seed).shuffle(order)  # noqa: S311  an order of rows, no secret
        with replacing_bytes(folder / FILE) as target:
            for place in order:
                stream.seek(place)
                target.write(stream.readline())
    heap.unlink()
    return folder / FILE, {kind: len(numbers) for kind, numbers in drawn.items()}


def taken_of(data: Data, counts: Mapping[str, int]) -> int:
    """Rows that are trained on. counts: kind -> rows of the file."""
    return sum(map(len, _drawn(data, counts, 0).values()))


def _lines(data: Data, names: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """(kind, its line of JSON) of every row of the files that are mixed. Raises DataError at what is no row."""
    from pytest_ftgate.data.pii.redact import records_of_rows
    from pytest_ftgate.data.readers.json_line import json_line

    for kind, path in data.files.items():
        for record in records_of_rows([path], data.columns) if kind != "validation" else ():
            row = {**record.data, ORIGIN: f"{names[kind]}:{record.line}"}
            yield kind, json_line(record.path, record.line, row).encode()


def _drawn(data: Data, counts: Mapping[str, int], seed: int) -> dict[str, list[int]]:
    """Kind -> numbers of its rows, from 0: whole times all of them, and a part of them once more."""
    rng = random.Random(seed)  # noqa: S311  a sample of rows, no secret
    kinds = [kind for kind in data.files if kind.startswith("train")]
    drawn = {kind: _times(counts[kind], weight, rng) for kind, weight in zip(kinds, data.weights, strict=True)}
    if data.general:
        total, share = sum(map(len, drawn.values())), data.general_share
        wanted = round(total * share / (1 - share))
        drawn["general"] = _times(counts["general"], wanted / max(1, counts["general"]), rng)
    return drawn


def _times(count: int, weight: float, rng: random.Random) -> list[int]:
    whole = int(weight)
    part = rng.sample(range(count), round((weight - whole) * count))
    return [*range(count)] * whole + part
