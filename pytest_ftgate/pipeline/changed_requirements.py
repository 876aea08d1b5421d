"""Pipeline run -> what its gate accepts that it did not when the champion was judged: new locks, another pipeline.toml.

Every registered version keeps, in its tags, the seal of each golden.lock that it was judged with and what pipeline.toml
required then. The seals lead back into the locks' histories.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pytest_ftgate.evaluate.lock import read_lock
from pytest_ftgate.evaluate.lock_changes import gate_changes

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.lock import Lock
    from pytest_ftgate.pipeline.config import Pipeline
    from pytest_ftgate.pipeline.run import PipelineRun
    from pytest_ftgate.registry import Version

REQUIRED = "required"
"""Tag: what pipeline.toml required of a version, as JSON."""


def lock_tag(name: str) -> str:
    """The tag with the seal of the golden.lock that a version was judged with."""
    return f"lock.{name}"


def requirement_tags(run: PipelineRun) -> dict[str, str]:
    """What a version keeps of the locks and the pipeline.toml that it is judged with. Raises LockError."""
    required = json.dumps(requirements(run.source), ensure_ascii=False, sort_keys=True)
    return {lock_tag(name): lock.seal for name, lock in _locks(run)} | {REQUIRED: required}


def changed_requirements(run: PipelineRun) -> list[str]:
    """One line for each golden set that was locked again, and one for pipeline.toml, since the champion was judged.

    Without a champion: since the newest version was. Nothing before the baseline stage. Raises LockError.
    """
    if run.baseline is None:
        return []
    before = run.champion or next(reversed(run.versions), None)
    return list(_since(run, before)) if before else []


def _since(run: PipelineRun, before: Version) -> Iterator[str]:
    for name, lock in _locks(run):
        if (seal := before.tags.get(lock_tag(name))) is not None:
            yield from _relocked(name, lock, seal, before)
    if (required := before.tags.get(REQUIRED)) is not None:
        found = gate_changes(requirements(run.source), json.loads(required))
        if found:
            yield f"pipeline.toml was changed since v{before.number} was judged: {', '.join(found)}"


def _relocked(name: str, lock: Lock, seal: str, before: Version) -> Iterator[str]:
    entries = lock.since(seal)
    if entries is None:
        when = f"was removed and written anew since v{before.number} was judged"
        yield f"golden.lock of {name} {when}: {'; '.join(map(str, lock.history))}"
    elif entries:
        when = f"was locked again since v{before.number} was judged"
        yield f"the golden set {name} {when}: {'; '.join(map(str, entries))}"


def _locks(run: PipelineRun) -> Iterator[tuple[str, Lock]]:
    for suite in run.sets:
        if (lock := read_lock(suite.golden.path)) is not None:
            yield suite.name, lock


def requirements(pipeline: Pipeline) -> dict[str, Any]:
    """What a pipeline.toml requires of candidates, by name: whatever may loosen its gate."""
    tables: dict[str, Any] = {"baseline": asdict(pipeline.baseline), "gate": {"mode": pipeline.policy.mode}}
    if pipeline.policy.forgetting is not None:
        tables["forgetting"] = asdict(pipeline.policy.forgetting)
    if pipeline.ab is not None:
        ab = asdict(pipeline.ab)
        tables["ab"] = {key: ab[key] for key in ("outcome", "window_hours", "margin", "required")}
    flat = {f"{table} {key}": value for table, keys in tables.items() for key, value in keys.items()}
    flat |= {"goldens": pipeline.goldens, "data allow": sorted(pipeline.data.allow)}
    return {name: ", ".join(value) if isinstance(value, list | tuple) else value for name, value in flat.items()}
