"""MLflow's model version -> Version, and what its tags mean."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

CHAMPION = "champion"
"""The alias that is the production pointer; the only one, moved last and alone."""

TASK_TAG = {"ftgate.kind": "task"}
"""Of a registered model: its versions are ours."""

DIGEST = "ftgate.digest"
MODEL = "ftgate.model"
RUN = "ftgate.run"
PREVIOUS = "ftgate.previous"
PROMOTION = "ftgate.promotion"
OVERRIDE = "ftgate.override"
AUDIT = "ftgate.audit"
SIGNED = "ftgate.signed"
ENCRYPTED = "ftgate.encrypted"
"""Of a version whose adapter is kept encrypted: the sha256 of what is kept."""
FORM, PARENT = "ftgate.form", "ftgate.parent"
"""Of an exported version: the form (`serve.forms.form`), and the version that it was made of, as "v3@<digest>"."""
REGISTERED, RESTORED_RUN = "ftgate.registered_ms", "ftgate.restored_run"
"""Of a version that was restored from a backup: when it was registered first, and "<run_id>=<id of its run here>"."""
VERDICT, REASON = "verdict", "reason"
AGAINST = "ftgate.against"
"""The champion that a version was judged against, see `judged.against`."""
RESULTS = "ftgate.results."
"""How the tags begin that hold the sha256 of results/<golden set>.json of the newest run."""

REMEMBERED = 50
"""So many predecessors are kept for rollbacks."""


@dataclass(frozen=True, slots=True)
class Predecessor:
    """A past champion: its number and its adapter's digest, as a rollback must give exactly what was served."""

    number: int
    digest: str

    def __str__(self) -> str:
        return f"v{self.number}@{self.digest}"


@dataclass(frozen=True, slots=True)
class Version:
    """A registered adapter.

    number: from 1, as in "v3". digest: of the adapter (hex). run_id: the newest MLflow run that judged it, as the audit
    log knows it.
    source: the adapter's address. created_s: seconds since 1970. tags: as MLflow holds them.
    """

    task: str
    number: int
    digest: str
    run_id: str
    source: str
    created_s: float
    tags: Mapping[str, str]

    @property
    def run_here(self) -> str:
        """The id of that run in this registry: another one if it was restored from a backup."""
        recorded, _, here = self.tags.get(RESTORED_RUN, "").partition("=")
        return here if here and recorded == self.run_id else self.run_id

    @property
    def previous(self) -> int | None:
        """The champion this version replaced when it became champion; None for the first."""
        past = self.predecessors
        return past[0].number if past else None

    @property
    def predecessors(self) -> tuple[Predecessor, ...]:
        """The champions before this one, newest first.

        Rewritten just before the version becomes champion, so it holds for a champion; elsewhere it may be
        what an interrupted promotion left.
        """
        return parse_predecessors(self.tags.get(PREVIOUS, ""))

    @property
    def promotion(self) -> Mapping[str, Any]:
        """The last time this version was made champion, or was about to be: kind, at, by, reason. Empty if never."""
        return self._record(PROMOTION)

    @property
    def override(self) -> Mapping[str, Any]:
        """The last promotion of this version against its verdict: verdict, at, by, reason. Empty if never."""
        return self._record(OVERRIDE)

    def _record(self, tag: str) -> Mapping[str, Any]:
        try:
            found = json.loads(self.tags.get(tag, "{}"))
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def as_predecessor(self) -> Predecessor:
        """How a successor remembers this version."""
        return Predecessor(self.number, self.digest)

    def __str__(self) -> str:
        return f"{self.task} v{self.number}"


def number_of(version: Version | Predecessor | None) -> int | None:
    """The version's number, None if there is no version."""
    return version.number if version else None


def parse_predecessors(text: str) -> tuple[Predecessor, ...]:
    """The value of the tag `ftgate.previous` ("v2@ab12 v1@cd34") -> predecessors."""
    found = re.findall(r"v(\d+)@(\S*)", text)
    return tuple(Predecessor(int(number), digest) for number, digest in found)


def format_predecessors(past: Iterable[Predecessor]) -> str:
    """Predecessors, newest first -> the value of the tag `ftgate.previous`."""
    return " ".join(map(str, list(past)[:REMEMBERED]))


def to_version(found: Any) -> Version:
    """MLflow's ModelVersion -> Version; the digest is empty if another program registered it."""
    tags = dict(found.tags or {})
    return Version(
        task=found.name,
        number=int(found.version),
        digest=tags.get(DIGEST, ""),
        run_id=tags.get(RUN) or found.run_id or "",
        source=found.source,
        created_s=_milliseconds(tags.get(REGISTERED, ""), found.creation_timestamp) / 1000,
        tags=tags,
    )


def _milliseconds(text: str, default: int) -> int:
    """What a tag says, if it is a time."""
    return int(text) if text.isascii() and text.isdecimal() else default
