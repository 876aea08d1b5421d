"""Settings of another tool -> faults, for values of a type that the tool itself cannot read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pytest_ftgate.errors import Fault, FileFaults
from pytest_ftgate.files.text import Keys, nearest

_NAMES: Mapping[type, str] = {
    dict: "an object",
    list: "a list",
    int: "a whole number",
    str: "a text",
    float: "a number",
}


def check_shape(
    data: Any, wanted: Mapping[str, type | tuple[type, ...]], path: str, lines: Mapping[Keys, int], keys: Keys = ()
) -> None:
    """Raises FileFaults with the line of each key whose value is of another type; what is left out, or null, is fine.

    data: what stands at `keys` of the file. wanted: dict, list, int, float or str, or several, by key.
    """
    if faults := list(_faults(data, wanted, path, lines, keys)):
        raise FileFaults(faults)


def _faults(
    data: Any, wanted: Mapping[str, type | tuple[type, ...]], path: str, lines: Mapping[Keys, int], keys: Keys
) -> Iterator[Fault]:
    if not isinstance(data, dict):
        yield Fault(path, nearest(lines, keys), f"{keys[-1] if keys else 'the file'} must be an object")
        return
    for key, types in wanted.items():
        kinds = types if isinstance(types, tuple) else (types,)
        value = data.get(key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, kinds)):
            expected = " or ".join(_NAMES[kind] for kind in kinds)
            yield Fault(path, nearest(lines, (*keys, key)), f"{key} must be {expected}; found {value!r:.60}")
