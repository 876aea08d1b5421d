"""(data, name of a published schema) -> whether the data keeps it, by jsonschema-rs: quick, and without a reason.

The words for a fault are found by jsonschema, which is imported only for data that do not keep their schema.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from jsonschema_rs import Draft202012Validator

FOLDER = Path(__file__).parent / "schemas"


def keeps(data: object, schema_name: str) -> bool:
    """True only if `schemas/<schema_name>.schema.json` accepts the data, which holds nothing that JSON has not."""
    try:
        return _validator(schema_name).is_valid(data)
    except ValueError:  # a value that jsonschema-rs does not know
        return False


@lru_cache(maxsize=8)
def load(file: str) -> dict[str, Any]:
    """A published schema by its file's name; nothing is ever fetched from the network."""
    schema: dict[str, Any] = json.loads((FOLDER / file).read_text("utf-8"))
    return schema


@lru_cache(maxsize=8)
def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(load(f"{name}.schema.json"), retriever=lambda uri: load(uri.rpartition("/")[2]))
