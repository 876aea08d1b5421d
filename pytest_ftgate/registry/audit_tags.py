"""(move or facts, audit log) -> a line of the log, and the head of the log as a tag of the version.

The line is on the disk before the tag is written, and both before the champion moves: a process killed in between
leaves a log that is longer than the registry knows, never one that is shorter.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from pytest_ftgate.errors import AuditError
from pytest_ftgate.registry.audit import AuditLog, Entry, Head
from pytest_ftgate.registry.version import AUDIT, MODEL, VERDICT, Predecessor, Version

GOLDEN = "golden."
"""How the tags begin that hold the digests of golden sets."""


@contextmanager
def announced(
    log: AuditLog,
    kind: str,
    target: Version,
    over: Version | Predecessor | None,
    facts: Mapping[str, object],
) -> Iterator[Entry]:
    """Write that `target` is about to follow `over`, and more facts; if the block fails, that it did not."""
    entry = log.append(kind, target.task, {**_facts(target, over), **facts})
    try:
        yield entry
    except Exception as error:
        log.append("failed", target.task, {"line": entry.line, "reason": str(error).partition("\n")[0]})
        raise


def head_tags(log: AuditLog) -> dict[str, str]:
    """The tag that keeps the head of the log as it is now; none if the log is empty."""
    head = log.head()
    return {AUDIT: json.dumps({key: value for key, value in asdict(head).items() if key != "by"})} if head else {}


def heads_of(versions: Iterable[Version]) -> list[Head]:
    """The heads that versions keep. Raises AuditError for a tag that holds none."""
    return [_head(version, version.tags[AUDIT]) for version in versions if AUDIT in version.tags]


def _head(version: Version, text: str) -> Head:
    try:
        return Head(**json.loads(text), by=str(version))
    except (ValueError, TypeError):
        raise AuditError(f"tag {AUDIT} of {version} was edited: not a valid audit log head") from None


def _facts(target: Version, over: Version | Predecessor | None) -> Mapping[str, Any]:
    goldens = {key.removeprefix(GOLDEN): value for key, value in target.tags.items() if key.startswith(GOLDEN)}
    return {
        "version": target.number,
        "digest": target.digest,
        "model": target.tags.get(MODEL, ""),
        "verdict": target.tags.get(VERDICT, ""),
        "goldens": dict(sorted(goldens.items())),
        "over": over.number if over else None,
        "over_digest": over.digest if over else "",
    }
