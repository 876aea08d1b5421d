"""(files, golden sets, address, journal) -> Report, and how it was made: a `map_batches` over pieces of the files.

Not `ray.data.read_parquet`: it tells no row's number in its file, and a finding names file and line. A piece is a row
group, read where it is scanned, 256 rows at a time; the goldens are put into the object store once.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import LeakageError
from pytest_ftgate.files.digest import digest_of
from pytest_ftgate.leakage.check import Scan, compared, scan_of
from pytest_ftgate.leakage.cluster.journal import Journal, Stamp, report_of, stamp_of
from pytest_ftgate.leakage.cluster.merge import one_after_another
from pytest_ftgate.leakage.cluster.pieces import Piece, pieces_of
from pytest_ftgate.leakage.cluster.session import ray_session
from pytest_ftgate.leakage.cluster.worker import scan_batch
from pytest_ftgate.leakage.report import Report
from pytest_ftgate.leakage.user_check import of_all_sets

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite

MOST_TASKS = 4096
"""Pieces share a task beyond that number."""
Reports = tuple[Report, ...]
"""One for each golden set."""


@dataclass(frozen=True, slots=True)
class ClusterScan:
    """pieces: scanned now. finished: files whose result was in the journal."""

    report: Report
    files: int
    pieces: int
    finished: int


def scan_on_ray(files: Sequence[Path], suites: Sequence[Suite], address: str, journal: Journal) -> ClusterScan:
    """What `check_own` finds in the files, with the same files and lines.

    The files must stand under the same path on every machine of the cluster, with this version of the package.
    A file is in the journal as soon as it is scanned to its end; the same call goes on after a crash.
    Raises LeakageError: a file that cannot be read, or changed while it was scanned; no cluster; nothing to compare.
    MissingExtra, SelfTestError.
    """
    scans = [scan_of([suite]) for suite in suites]
    goldens = digest_of([[suite.name, suite.digest, dict(suite.golden.variants)] for suite in suites])
    stamps = {path: stamp_of(path) for path in files}
    finished = journal.finished()
    done = {path: finished[key] for path, stamp in stamps.items() if (key := stamp.key(goldens)) in finished}
    before = len(done)
    pieces = {path: pieces_of(path) for path in stamps if path not in done}
    for path, reports in _scanned(pieces, scans, address):
        _check_unchanged(path, stamps[path])
        journal.append(stamps[path].key(goldens), stamps[path], reports)
        done[path] = reports
    of_sets = [one_after_another([done[path][number] for path in stamps]) for number in range(len(scans))]
    return ClusterScan(compared(of_all_sets(of_sets)), len(stamps), sum(map(len, pieces.values())), before)


def _scanned(
    pieces: Mapping[Path, Sequence[Piece]], scans: Sequence[Scan], address: str
) -> Iterator[tuple[Path, Reports]]:
    """Each file when its last piece is scanned."""
    if not pieces:
        return
    places = [(path, piece) for path, own in pieces.items() for piece in own]
    found: defaultdict[Path, dict[int, Reports]] = defaultdict(dict)
    with ray_session(address) as ray:
        for number, reports in _results(ray, [piece for _, piece in places], scans):
            path = places[number][0]
            found[path][number] = reports
            if len(found[path]) == len(pieces[path]):
                in_order = [each for _, each in sorted(found.pop(path).items(), key=lambda pair: pair[0])]
                yield path, tuple(one_after_another(of_set) for of_set in zip(*in_order, strict=True))


def _results(ray: Any, pieces: Sequence[Piece], scans: Sequence[Scan]) -> Iterator[tuple[int, Reports]]:
    """(number of the piece, its reports), as they come. Raises LeakageError."""
    items = [{"number": number, "piece": json.dumps(asdict(piece))} for number, piece in enumerate(pieces)]
    dataset = ray.data.from_items(items, override_num_blocks=min(len(items), MOST_TASKS))
    kept = ray.put(scans)  # as long as this name lives, the object does
    results = dataset.map_batches(scan_batch, batch_size=1, batch_format="numpy", fn_kwargs={"scans": [kept]})
    try:
        for row in results.iter_rows():
            if row["error"]:
                raise LeakageError(row["error"])
            yield int(row["number"]), tuple(map(report_of, json.loads(row["reports"])))
    except (ray.exceptions.RayError, ray.data.exceptions.SystemException) as error:
        what = f"Ray scan failed: {_last_line(error.__cause__ or error)}"
        raise LeakageError(f"{what}\n    run the same command again to continue; finished files are kept") from None


def _last_line(error: BaseException) -> str:
    return next((line for line in reversed(str(error).splitlines()) if line.strip()), type(error).__name__).strip()


def _check_unchanged(path: Path, stamp: Stamp) -> None:
    if stamp_of(path) != stamp:
        raise LeakageError(f"{stamp.name} changed during the scan; run the same command again")
