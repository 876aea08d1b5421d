"""Path of a data file or folder -> its records, one at a time, each with file and line; what is none is a fault."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from pytest_ftgate.data.readers.csv_table import read_csv
from pytest_ftgate.data.readers.dataset_folder import read_folder
from pytest_ftgate.data.readers.json_lines import read_lines
from pytest_ftgate.data.readers.json_list import read_json
from pytest_ftgate.data.readers.parquet import read_parquet
from pytest_ftgate.data.readers.record import Entry
from pytest_ftgate.data.readers.renamed import AS_WRITTEN, Columns, renamed
from pytest_ftgate.errors import Fault
from pytest_ftgate.files.compressed import is_compressed, plain_name
from pytest_ftgate.files.text import shown

READERS: Mapping[str, Callable[[Path], Iterator[Entry]]] = MappingProxyType(
    {".json": read_json, ".csv": read_csv, ".tsv": read_csv, ".parquet": read_parquet}
)
"""By the end of the name, without that of a compressed file; anything else is read as JSON Lines, a folder as a data
set of Hugging Face."""


def is_json_lines(path: Path) -> bool:
    """Whether a path is read line by line, each line one row. A .json may hold either and counts as no.

    So does a compressed file, whose bytes are no lines.
    """
    return not path.is_dir() and not is_compressed(path) and path.suffix.lower() not in READERS


def read_records(path: Path, columns: Columns = AS_WRITTEN) -> Iterator[Entry]:
    """Every record of a file, whatever its keys mean. Memory depends on the longest row, not on the file.

    columns: keys that are renamed, {key that is read: key of the file}.
    Raises MissingExtra if the format needs a library that is not installed; everything else is a fault.
    """
    path = Path(path)
    read = read_folder if path.is_dir() else READERS.get(Path(plain_name(path)).suffix.lower(), read_lines)
    try:
        yield from (renamed(entry, columns) for entry in read(path)) if columns else read(path)
    except OSError as error:
        yield Fault(shown(path), 0, f"cannot read training data: {error.strerror or error}")
