"""Table -> blocks of base64: gzip of JSON, the first page of rows in the first, so that it is there at once."""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_ftgate.pipeline.report.html.cases.table import Table

PAGE = 100
"""Rows of the first block, as many as the page shows at a time."""
BLOCK = 2_500
"""Rows of each further block: some tenths of a second to unpack on a slow machine."""


def packed(table: Table) -> Iterator[str]:
    """A block has {"rows"}, the first also the head; see `Table.head`. Base64 has no sign that ends a script."""
    yield _block({**table.head(), "page": PAGE, "rows_total": len(table.rows), "rows": table.rows[:PAGE]})
    for start in range(PAGE, len(table.rows), BLOCK):
        yield _block({"rows": table.rows[start : start + BLOCK]})


def _block(value: Mapping[str, Any]) -> str:
    r"""A lone surrogate, which UTF-8 cannot write, becomes \udc80: within the texts of JSON the escape of the same."""
    data = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")
    return b64encode(gzip.compress(data, 9, mtime=0)).decode("ascii")
