"""Description and metadata of a test of promptfoo -> id, slices and notes of its cases; what we exported comes back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_ftgate.pipeline.importing.case_metadata import as_notes, free_id, parted, slice_names
from pytest_ftgate.pipeline.importing.promptfoo.assertions import PromptfooTest

_LONGEST_ID = 60


@dataclass(slots=True)
class Labels:
    """names: key of the metadata -> name of the slice, for keys that group the cases. ids: of the cases so far."""

    names: Mapping[str, str]
    ids: set[str] = field(default_factory=set)

    @classmethod
    def of_all(cls, tests: Iterable[PromptfooTest]) -> Labels:
        """For the tests of all cases."""
        return cls(slice_names([_parts(test)[1] for test in tests]))

    def of(self, test: PromptfooTest) -> dict[str, Any]:
        """Keys of the next case that the test makes; some may be empty."""
        own, metadata = _parts(test)
        slices, rest = parted(metadata, self.names)
        words = re.sub(r"[^a-z0-9]+", "-", test.description.lower()).strip("-")[:_LONGEST_ID].rstrip("-")
        name = str(own.pop("id", words))
        described = "" if test.description == name else test.description
        notes = "\n".join(filter(None, (described, as_notes(rest))))
        return {"id": free_id(name, self.ids) if name else "", "slices": slices, "notes": notes, **own}


def _parts(test: PromptfooTest) -> tuple[dict[str, Any], dict[str, Any]]:
    """(keys of a case, the other metadata)."""
    own = dict(_own(test))
    return own, {key: _single(value) for key, value in test.metadata.items() if key not in own and value is not None}


def _own(test: PromptfooTest) -> Iterator[tuple[str, Any]]:
    """What a case calls the same: the id; and of a test that `ftgate export-cases` wrote the rest."""
    given = test.metadata
    if isinstance(given.get("id"), str | int) and not isinstance(given["id"], bool) and str(given["id"]).strip():
        yield "id", str(given["id"])
    if test.description and test.description == given.get("id"):
        yield from ((key, given[key]) for key, kind in (("cluster", str), ("must_pass", bool)) if _is(given, key, kind))


def _is(given: Mapping[str, Any], key: str, kind: type) -> bool:
    return isinstance(given.get(key), kind) and bool(given[key])


def _single(value: Any) -> Any:
    """Of a list with one value this."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value
