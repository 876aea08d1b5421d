"""(batch of pieces, the goldens in Ray's object store) -> a report of each; runs on any machine of the cluster."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.leakage.check import Scan
from pytest_ftgate.leakage.cluster.pieces import Piece, rows_in

Columns = Mapping[str, Sequence[Any]]


def scan_batch(batch: Columns, scans: Sequence[Any]) -> dict[str, list[Any]]:
    """Columns number, reports (JSON, one for each golden set) and error (a message, "" if there is none).

    batch: columns number and piece (JSON). scans: one reference into the object store, in a list, so that Ray does not
    fetch what it stands for with every batch.
    """
    done = [_scanned(json.loads(piece), scans[0]) for piece in batch["piece"]]
    reports, errors = zip(*done, strict=True)
    return {"number": list(batch["number"]), "reports": list(reports), "error": list(errors)}


def _scanned(piece: Mapping[str, Any], reference: Any) -> tuple[str, str]:
    """(reports, "") or ("", what went wrong): an exception Ray might try again for ever."""
    try:
        reports = [asdict(scan.report(rows_in(Piece(**piece)))) for scan in _fetched(reference)]
    except FtgateError as error:
        return "", str(error)
    except Exception as error:  # noqa: BLE001 - told by the driver
        return "", f"{piece['name']}: scan failed on a worker: {type(error).__name__}: {error}"
    return json.dumps(reports), ""


@lru_cache(maxsize=1)
def _fetched(reference: Any) -> Sequence[Scan]:
    """The goldens, unpacked once in each process."""
    import ray

    scans: Sequence[Scan] = ray.get(reference)
    return scans
