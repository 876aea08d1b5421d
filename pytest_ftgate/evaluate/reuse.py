"""Responses -> what a verdict has to say of answers that this run did not ask for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.responses import Responses
    from pytest_ftgate.serve.response import Response

UNKNOWN = "whether the same model gave them is unknown: the server tells no fingerprint"


@dataclass(frozen=True, slots=True)
class Reuse:
    """Answers of one model that come from a journal or a cache.

    earlier: these. now: what the model answered in this run.
    """

    earlier: tuple[Response, ...]
    now: tuple[Response, ...]

    def __str__(self) -> str:
        total = len(self.earlier) + len(self.now)
        told = f"{len(self.earlier)} of {total} answers are of earlier runs{_days(self.earlier)}"
        return f"{told}; {UNKNOWN}" if "" in _fingerprints(self.earlier) else told

    @property
    def swapped(self) -> str:
        """How it shows that another model answers under the same name now; "" if it does not."""
        then, now = _fingerprints(self.earlier), _fingerprints(self.now)
        if not now or "" in then | now or not then.isdisjoint(now):
            return ""
        return (
            f"another model answers under this name now: the reused answers are of {_listed(then)}, the new ones of "
            f"{_listed(now)}; run again without them (no --ftgate-resume, no cache)"
        )


def reuse_of(responses: Responses) -> Reuse | None:
    """None if this run asked for all of its answers itself."""
    came = responses.traffic
    earlier = (*came["journal"], *came["cache"])
    return Reuse(earlier, tuple(came["model"])) if earlier else None


def changed_answers(lines: Sequence[str]) -> str:
    """That lines of the journal which a run would have used do not fit their seals; "" if there are none."""
    if not lines:
        return ""
    shown = ", ".join(lines[:3]) + (f" and {len(lines) - 3} more" if len(lines) > 3 else "")
    return f"answers in the journal were changed after they were written: {shown}; remove these lines"


def _fingerprints(answers: Iterable[Response]) -> set[str]:
    return {answer.fingerprint for answer in answers if not answer.broken}


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)[:3])


def _days(answers: Iterable[Response]) -> str:
    """When they were asked, in brackets behind a space; "" if that is not known."""
    times = [answer.asked_at for answer in answers if answer.asked_at]
    if not times:
        return ""
    first, last = (datetime.fromtimestamp(at, UTC).date().isoformat() for at in (min(times), max(times)))
    return f" ({first})" if first == last else f" ({first} to {last})"
