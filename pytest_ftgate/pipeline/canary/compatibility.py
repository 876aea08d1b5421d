"""(what the reference runs asked, what tonight would ask) -> what changed: never to be taken for drift."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.canary.reference import Asked, Reference

SHOWN = 5


def changes(reference: Reference, now: Asked, lost: Sequence[str]) -> list[str]:
    """One line for each thing that is not as it was, naming both; empty if tonight can be compared.

    lost: keys of panel cases that are no longer in their golden sets as they were.
    """
    return [*_panel(reference, lost), *_asked(reference.asked, now)]


def _panel(reference: Reference, lost: Sequence[str]) -> Iterator[str]:
    if lost:
        more = f" and {len(lost) - SHOWN} more" if len(lost) > SHOWN else ""
        yield f"panel: {len(lost)} of {len(reference.cases)} cases changed or removed: {', '.join(lost[:SHOWN])}{more}"


def _asked(before: Asked, now: Asked) -> Iterator[str]:
    if before.engine != now.engine:
        yield f"engine: {before.engine} in the reference runs, now {now.engine}"
    if before.model != now.model:
        yield f"model digest: {before.model[:12]} in the reference runs, now {now.model[:12]}"
    prompts = list(_differing(before.prompts, now.prompts))
    for name in prompts:
        was, is_now = before.prompts[name][:12], now.prompts[name][:12]
        yield f"prompt of {name}: digest {was} in the reference runs, now {is_now}"
    for name in _differing(before.settings, now.settings):
        if name not in prompts:  # the settings' digest covers the prompt
            yield f"settings of {name} ([request], graders or [label]): changed since the reference runs"


def _differing(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    yield from (name for name, digest in before.items() if name in now and now[name] != digest)
